//! No text makes the readers panic, and what they read is a policy.

use proptest::prelude::*;
use refrain::Policy;
use refrain::policy::peers::{MAX_NOTES, Peer};
use refrain::text::Named;

/// What options are made of, and what spoils them.
const PARTS: [&str; 35] = [
    "sd-cli",
    "-p",
    "--easycache",
    "enable_cache(",
    "**",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "=",
    ":",
    "\"",
    "'",
    "\n",
    " ",
    "#",
    "\\",
    "-",
    "--",
    "1",
    "0",
    "0.25",
    "-1",
    "1e400",
    "NaN",
    "None",
    "True",
    "fast",
    "é",
    "\u{0}",
    "lambda _: 0.3",
    "[1, 0, 1]",
];

fn words() -> Vec<String> {
    let mut words: Vec<String> = PARTS.map(String::from).to_vec();
    for peer in Peer::ALL {
        for option in peer.options() {
            words.push(option.name.to_owned());
            words.extend(option.of.split(", ").map(str::to_owned));
        }
    }
    words
}

/// What holds for every text.
fn check(peer: Peer, text: &str) {
    match Policy::from_peer(peer, text) {
        Ok((policy, carried)) => {
            assert_eq!(policy.check(), Ok(()), "{text:?}");
            assert!(carried.notes().len() < MAX_NOTES, "{text:?}");
            let written = policy.to_string();
            assert!(Policy::parse(&written) == Ok(policy), "{text:?}: {written}");
            assert_eq!(carried.to_string().lines().count(), carried.notes().len());
        }
        Err(error) => assert!(error.to_string().len() > 10, "{text:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text(peer in 0_u32..3, text in "\\PC{0,60}") {
        check(Peer::from_number(peer).unwrap(), &text);
    }

    #[test]
    fn words_in_any_order(
        peer in 0_u32..3,
        words in proptest::collection::vec(proptest::sample::select(words()), 0..12),
    ) {
        check(Peer::from_number(peer).unwrap(), &words.concat());
        check(Peer::from_number(peer).unwrap(), &words.join(" "));
    }

    /// Options with values, in their class or mode.
    #[test]
    fn options_with_values(
        peer in 0_u32..3,
        which in any::<prop::sample::Index>(),
        values in proptest::collection::vec(
            (any::<prop::sample::Index>(), proptest::sample::select(&PARTS[22..])),
            0..8,
        ),
    ) {
        let peer = Peer::from_number(peer).unwrap();
        let all: Vec<_> = peer.options().collect();
        let of = which.get(&all).of;
        let mine: Vec<_> = all.iter().filter(|option| option.of == of).collect();
        let pairs: Vec<String> = values
            .iter()
            .map(|(option, value)| format!("{}={value}", option.get(&mine).name))
            .collect();
        let (first, pairs) = (of.split(", ").next().unwrap(), pairs.join(","));
        let text = match peer {
            Peer::SdCpp => format!("--cache-mode {first} --cache-option {pairs} --steps 20"),
            Peer::CacheDit | Peer::Diffusers => format!("{first}({pairs})"),
        };
        check(peer, &text);
    }
}

/// A text that is read by no peer is refused by each in its own words.
#[test]
fn every_peer_refuses_nonsense() {
    for peer in Peer::ALL {
        for text in [
            "",
            " ",
            "=",
            "(",
            ")",
            "a",
            "a=b",
            "\"",
            "--",
            "x(",
            "x(y=",
            "é(é=é)",
        ] {
            assert!(Policy::from_peer(*peer, text).is_err(), "{peer}: {text:?}");
        }
    }
}
