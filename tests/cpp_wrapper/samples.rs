//! The samples of `bindings/samples`, built as a user would and run.

use std::path::PathBuf;

use crate::build::succeeds;
use crate::{NONE, built, emoji};

fn sample(name: &str) -> PathBuf {
    let file = format!("../bindings/samples/{name}.cpp");
    built("g++", &["-std=c++17", "-O2"], &[&file], name)
}

#[test]
fn the_programs_of_the_readme() {
    assert_eq!(succeeds(&sample("readme"), &NONE), "CCCppCppCppCppCppCpC\n");
    let said = succeeds(&sample("readme_picture"), &[emoji()]);
    let trace = "CpppCpppCpppCpppCpppCpppCpppCpppCpppCpppCpppCpppCC";
    assert!(said.len() > 54 && said[..3].contains('C'), "{said} {trace}");
}
