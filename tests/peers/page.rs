//! `bindings/coming-from.md`: its examples give what it says, and its tables have every option.

use refrain::policy::peers::Peer;
use refrain::text::Named;

use crate::read;

const PAGE: &str = include_str!("../../bindings/coming-from.md");

/// Examples: peer, options, and what is printed.
fn examples() -> Vec<(Peer, &'static str, &'static str)> {
    let blocks = PAGE.split("```text\n$ refrain policies --from ").skip(1);
    blocks
        .map(|block| {
            let block = block.split("\n```").next().expect("an end");
            let (peer, rest) = block.split_once(" '").expect("options");
            let (options, printed) = rest.split_once("'\n").expect("a result");
            (Peer::from_name(peer).expect(peer), options, printed)
        })
        .collect()
}

/// What the program prints, notes and all.
fn printed(peer: Peer, options: &str) -> String {
    let (policy, report) = read(peer, options).unwrap_or_else(|e| panic!("{options}: {e}"));
    let notes = report.lines().map(|line| format!("\nnote: {line}"));
    policy + &notes.collect::<String>()
}

#[test]
fn examples_give_what_the_page_says() {
    let examples = examples();
    for peer in Peer::ALL {
        assert!(examples.iter().any(|example| example.0 == *peer), "{peer}");
    }
    assert_eq!(PAGE.matches("$ refrain").count(), examples.len());
    for (peer, options, expected) in examples {
        assert_eq!(printed(peer, options), expected, "{peer} {options}");
    }
}

#[test]
fn another_result_is_noticed() {
    let (peer, options, expected) = examples()[0];
    let other = options.replace("0.25", "0.26");
    assert_ne!(printed(peer, &other), expected);
}

/// Rows of the tables: peer, what the option is of, its name, what it becomes.
fn rows(page: &str) -> Vec<String> {
    let (mut peer, mut of) = ("", "");
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            peer = if title == "stable-diffusion.cpp" {
                "sd.cpp"
            } else {
                title
            };
        } else if let Some(title) = line.strip_prefix("### ") {
            of = title.trim_matches('`');
        } else if let Some(row) = line.strip_prefix("| `") {
            let mut cells = row.split(" | ");
            let name = cells.next().unwrap_or("").trim_end_matches('`');
            let becomes = cells.next().unwrap_or("").trim_matches('`');
            rows.push(format!("{peer} / {of} / {name} / {becomes}"));
        }
    }
    rows.sort();
    rows
}

fn known() -> Vec<String> {
    let mut known = Vec::new();
    for peer in Peer::ALL {
        let row = |option: refrain::policy::peers::PeerOption| {
            format!(
                "{peer} / {} / {} / {}",
                option.of, option.name, option.becomes
            )
        };
        known.extend(peer.options().map(row));
    }
    known.sort();
    known
}

#[test]
fn tables_have_every_option_and_no_other() {
    let (page, code) = (rows(PAGE), known());
    let missing: Vec<_> = code.iter().filter(|row| !page.contains(row)).collect();
    let beyond: Vec<_> = page.iter().filter(|row| !code.contains(row)).collect();
    assert!(
        missing.is_empty() && beyond.is_empty(),
        "{missing:#?} {beyond:#?}"
    );
    assert_eq!(page.len(), code.len());

    let planted = PAGE.replace("| `lam` | `ridge` |", "| `lam` | `blend` |");
    assert_ne!(rows(&planted), code);
}

/// Policies that the text names are policies.
#[test]
fn policies_in_the_text_can_be_read() {
    let quoted = PAGE.split('`').skip(1).step_by(2);
    let policies = quoted.filter(|text| text.contains(':') && text.contains('='));
    let policies: Vec<_> = policies.filter(|text| !text.contains(' ')).collect();
    assert!(!policies.is_empty());
    for policy in policies {
        assert!(refrain::Policy::parse(policy).is_ok(), "{policy}");
    }
}

/// What an option is said to become is a key of the text form, or one of a few words.
#[test]
fn options_become_keys() {
    let words = ["report", "refused", "the method", "the rows below"];
    for peer in Peer::ALL {
        for option in peer.options() {
            for becomes in option.becomes.split(", ") {
                let key = refrain::policy::KEYS.iter().any(|key| key.name == becomes);
                assert!(
                    key || words.contains(&becomes),
                    "{peer} {}: {becomes}",
                    option.name
                );
            }
        }
    }
}
