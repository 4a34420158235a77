//! The decision corpus of `tests/corpus`, through the C functions.

use std::process::Command;

use crate::build::program;
use crate::cases::check;

#[test]
fn every_case_is_decided_as_written() {
    check(&mut Command::new(program("corpus")));
}
