//! `refrain policies`.

use crate::{fields, refrain};

#[test]
fn the_list_and_one_explained() {
    insta::assert_snapshot!("policies", refrain(&["policies"]).succeeded());
    for name in ["fbcache", "magcache", "foresight", "speca", "full"] {
        let explained = refrain(&["policies", name]);
        insta::assert_snapshot!(format!("policies_{name}"), explained.succeeded());
    }
}

#[test]
fn what_is_no_policy_here() {
    let listed = refrain(&["policies", "--unsupported"]);
    insta::assert_snapshot!("policies_unsupported", listed.succeeded());
    let all = refrain(&["policies", "--unsupported", "--json"]).json();
    let all = all.as_array().expect("an array");
    assert_eq!(all.len(), refrain::policy::methods::NAMED.len());
    for absent in all {
        assert_eq!(fields(absent), ["citation", "name", "why"]);
        // Asked for by name, in any spelling, it says why.
        let name = absent["name"].as_str().expect("a name").to_uppercase();
        let why = absent["why"].as_str().expect("a reason");
        assert!(refrain(&["policies", &name]).failed().contains(why));
    }
    let both = refrain(&["policies", "teacache", "--unsupported"]);
    assert_eq!(both.code, Some(2));
    both.failed();
}

/// Every policy is explained in full, in lines that fit a terminal but for the table of options.
#[test]
fn every_policy_is_explained() {
    let all = refrain(&["policies", "--json"]).json();
    for policy in all.as_array().expect("an array") {
        let name = policy["name"].as_str().expect("a name");
        let explained = refrain(&["policies", name]);
        let text = explained.succeeded();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let facts = text.split("\noption ").next().expect("facts");
        assert!(
            facts
                .lines()
                .skip(1)
                .all(|line| line.chars().count() <= 110),
            "{facts}"
        );
        for said in ["rule", "avoid", "unsupported", "citation", "headline"] {
            let said = policy[said].as_str().expect("a text");
            assert!(words(facts).contains(&words(said)), "{name}: {said}");
        }
    }
}

#[test]
fn json_has_every_policy_and_its_fields() {
    let all = refrain(&["policies", "--json"]).json();
    let all = all.as_array().expect("an array");
    let names: Vec<&str> = all
        .iter()
        .filter_map(|policy| policy["name"].as_str())
        .collect();
    for name in [
        "full",
        "interval",
        "mask",
        "teacache",
        "fbcache",
        "easycache",
        "magcache",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    for policy in all {
        assert_eq!(
            fields(policy),
            [
                "anchors",
                "avoid",
                "citation",
                "evidence",
                "family",
                "headline",
                "name",
                "needs_calibration",
                "options",
                "rule",
                "signal",
                "site",
                "summary",
                "unsupported"
            ]
        );
        for option in policy["options"].as_array().expect("an array") {
            assert_eq!(fields(option), ["allowed", "default", "name", "summary"]);
        }
        let name = policy["name"].as_str().expect("a name");
        let alone = refrain(&["policies", name, "--json"]).json();
        assert_eq!(alone, serde_json::Value::Array(vec![policy.clone()]));
    }
}

/// Every option that is listed may be written down with its default, and changes nothing.
#[test]
fn listed_defaults_are_the_defaults() {
    for policy in refrain(&["policies", "--json"])
        .json()
        .as_array()
        .expect("an array")
    {
        let name = policy["name"].as_str().expect("a name");
        let preset = refrain::Policy::parse(name).expect("a name is a policy");
        for option in policy["options"].as_array().expect("an array") {
            let (key, default) = (option["name"].as_str(), option["default"].as_str());
            let (key, default) = (key.expect("a name"), default.expect("a default"));
            if default == "none" {
                continue;
            }
            let text = format!("{name}:{key}={default}");
            let said = refrain::Policy::parse(&text);
            assert_eq!(said.as_ref().ok(), Some(&preset), "{text}: {said:?}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist() {
    assert!(
        refrain(&["policies", "teacach"])
            .failed()
            .contains("`teacache`")
    );
    assert!(
        refrain(&["policies", "full:warmup=1"])
            .failed()
            .contains("`full`")
    );
    refrain(&["policies", ""]).failed();
    refrain(&["policies", "tea\u{1b}[31mcache"]).failed();
}

/// Options of other libraries: the policy on standard output, what does not carry over beside it.
#[test]
fn options_of_other_libraries() {
    let from = |library: &str, options: &str| refrain(&["policies", "--from", library, options]);
    let read = from(
        "sd.cpp",
        "--cache-mode easycache --cache-option threshold=0.25",
    );
    assert_eq!(read.code, Some(0), "{}", read.stderr);
    assert_eq!(
        read.stdout,
        "easycache:threshold=0.25,reference=computed,warmup=0,last=0,start=0.15,end=0.95\n"
    );
    let notes: Vec<&str> = read.stderr.lines().collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes.iter().all(|line| line.starts_with("note: ")),
        "{notes:?}"
    );

    let whole = from(
        "sd.cpp",
        "sd-cli -p \"it's \u{1b}[31mred\u{202e} \\ \" --cache-mode spectrum --steps 28",
    );
    whole.succeeded();
    assert!(
        whole
            .stderr
            .contains("note: -p=it's \\u{1b}[31mred\\u{202e} \\: "),
        "{}",
        whole.stderr
    );
    assert!(whole.stderr.contains("each lane's own output"));

    let silent = from("diffusers", "FirstBlockCacheConfig(threshold=0.2)");
    assert_eq!(
        silent.succeeded(),
        "fbcache:threshold=0.2,compare=at-most,warmup=0,last=0\n"
    );
    assert_eq!(silent.stderr, "");

    let json = refrain(&["policies", "--json", "--from", "cache-dit", "dmd_rank=2"]).json();
    assert_eq!(fields(&json), ["policy", "report"]);
    assert_eq!(json["policy"], "dbcache:last=0");
    assert_eq!(fields(&json["report"][0]), ["key", "value", "why"]);
    assert_eq!(json["report"][0]["key"], "dmd_rank");
}

#[test]
fn options_that_are_refused() {
    for (library, options, said) in [
        (
            "sdcpp",
            "--cache-mode easycache",
            "sd.cpp, cache-dit, diffusers",
        ),
        ("sd.cpp", "--cache-mode easycach", "`easycache`"),
        ("cache-dit", "Fn_compute_block=8", "`Fn_compute_blocks`"),
        ("diffusers", "tea\u{1b}[31mcache", "key=value"),
    ] {
        let refused = refrain(&["policies", "--from", library, options]);
        assert!(refused.failed().contains(said), "{said}");
    }
    refrain(&["policies", "--from", "sd.cpp"]).failed();
    refrain(&["policies", "fbcache", "--from", "sd.cpp", "easycache"]).failed();
}
