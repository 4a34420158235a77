//! `refrain policies`.

use crate::{fields, refrain};

#[test]
fn the_list_and_one_explained() {
    insta::assert_snapshot!("policies", refrain(&["policies"]).succeeded());
    insta::assert_snapshot!(
        "policies_fbcache",
        refrain(&["policies", "fbcache"]).succeeded()
    );
    insta::assert_snapshot!(
        "policies_magcache",
        refrain(&["policies", "magcache"]).succeeded()
    );
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
                "family",
                "name",
                "needs_calibration",
                "options",
                "rule",
                "signal",
                "site",
                "summary"
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
