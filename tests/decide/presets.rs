//! Every preset against what the documents say of it, key by key.

use refrain::Policy;
use refrain::policy::{KEYS, Method};
use refrain::text::Named;

use crate::oracle::PRESETS;

/// Every key in which two policies differ.
fn differing(a: &Policy, b: &Policy) -> Vec<String> {
    let value = |policy: &Policy, key: &refrain::policy::Key| {
        let mut text = String::new();
        key.write_value(policy, &mut text).expect("a string");
        text
    };
    KEYS.iter()
        .filter(|key| key.name != "model" && key.applies_to(a))
        .filter(|key| value(a, key) != value(b, key))
        .map(|key| format!("{} is {}, not {}", key.name, value(a, key), value(b, key)))
        .collect()
}

#[test]
fn every_preset_is_what_the_documents_say() {
    let mut wrong = Vec::new();
    for (name, keys) in PRESETS {
        let Ok(preset) = Policy::parse(name) else {
            wrong.push(format!("{name} is no policy"));
            continue;
        };
        let keys: String = keys.split_whitespace().collect();
        let text = format!("full:{keys}");
        let composed = Policy::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let found = differing(&preset, &composed);
        wrong.extend(found.iter().map(|found| format!("{name}: {found}")));
    }
    for method in Method::ALL {
        if !PRESETS.iter().any(|(name, _)| *name == method.name()) {
            wrong.push(format!("the documents do not tell of {method}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn another_value_is_noticed() {
    let policy = |text| Policy::parse(text).expect("a policy");
    let (a, b) = (policy("teacache"), policy("teacache:threshold=0.2"));
    assert_eq!(differing(&a, &b), ["threshold is 0.1, not 0.2"]);
    assert_eq!(differing(&a, &a), [""; 0]);
}
