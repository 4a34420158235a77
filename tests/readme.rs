//! What the README says of other files is what they say.

const README: &str = include_str!("../README.md");

fn block<'a>(text: &'a str, language: &str) -> &'a str {
    let start = format!("```{language}\n");
    let from = text
        .find(&start)
        .unwrap_or_else(|| panic!("no block of {language}"))
        + start.len();
    &text[from..from + text[from..].find("\n```").expect("the block ends") + 1]
}

#[test]
fn the_c_program_is_the_tested_one() {
    assert_eq!(block(README, "c"), include_str!("c/readme.c"));
}

#[test]
fn the_cpp_programs_are_the_samples() {
    assert_eq!(
        block(README, "cpp"),
        include_str!("../bindings/samples/readme.cpp")
    );
    let (_, second) = README.split_once("```cpp\n").expect("a first");
    assert_eq!(
        block(second, "cpp"),
        include_str!("../bindings/samples/readme_picture.cpp")
    );
}

#[test]
fn the_rust_version_is_the_declared_one() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().expect("valid");
    let version = manifest["package"]["rust-version"]
        .as_str()
        .expect("a string");
    assert!(
        README.contains(&format!("Rust {version} or newer")),
        "the README names another version"
    );
}

#[test]
fn every_policy_is_listed_with_its_family() {
    use refrain::{policy::Method, text::Named};
    for method in Method::ALL {
        let family = method.preset().family;
        let row = README
            .lines()
            .find(|line| line.starts_with(&format!("| {family} |")));
        let row = row.unwrap_or_else(|| panic!("no row for {family}"));
        assert!(
            row.contains(&format!("`{method}`")),
            "`{method}` is not listed"
        );
    }
}

#[test]
fn another_program_is_not_taken_for_it() {
    assert_ne!(
        block("```c\nint main(void) {}\n```", "c"),
        include_str!("c/readme.c")
    );
}
