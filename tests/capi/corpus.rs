//! The decision corpus of `tests/corpus`, through the C functions.

use crate::build::program;
use crate::cases::{cases, wrong};

#[test]
fn every_case_is_decided_as_written() {
    let exe = program("corpus");
    let mut cases = cases();
    let wrong_ones = wrong(&exe, &cases);
    assert!(wrong_ones.is_empty(), "{}", wrong_ones.join("\n"));

    let planted = cases
        .iter_mut()
        .find(|case| case.policy == "teacache:threshold=0.25");
    let planted = planted.expect("the corpus has such a case");
    planted.policy = "teacache:threshold=0.05".to_owned();
    assert_eq!(wrong(&exe, &cases).len(), 1, "planted");
}
