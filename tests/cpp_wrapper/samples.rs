//! The samples of `bindings/samples`, built as a user would and run.

use std::fs;
use std::path::PathBuf;

use crate::build::{folder, root, run, stdout, succeeds};
use crate::{NONE, built, emoji, notices};

pub(crate) fn sample(name: &str) -> PathBuf {
    let file = format!("../bindings/samples/{name}.cpp");
    built("c++", &["-std=c++17", "-O2"], &[&file], name)
}

/// A sample with one thing changed.
fn planted(name: &str, from: &str, to: &str) -> PathBuf {
    let path = root().join(format!("bindings/samples/{name}.cpp"));
    let text = fs::read_to_string(path).expect("a sample");
    assert_eq!(text.matches(from).count(), 1, "{name}: {from}");
    let copy = folder().join(format!("planted_{name}.cpp"));
    fs::write(&copy, text.replace(from, to)).expect("the folder is writable");
    let flags = ["-std=c++17", "-O2", "-I../bindings/samples"];
    let file = copy.to_str().expect("UTF-8");
    built("c++", &flags, &[file], &format!("planted_{name}"))
}

#[test]
fn the_programs_of_the_readme() {
    assert_eq!(succeeds(&sample("readme"), &NONE), "CCCppCppCppCppCppCpC\n");
    let picture = folder().join("cat.ppm");
    let said = succeeds(
        &sample("readme_picture"),
        &[emoji(), picture.display().to_string()],
    );
    let written = fs::read(picture).expect("a picture").len();
    assert_eq!(written, "P6 32 32 255\n".len() + 3 * 32 * 32);
    let (trace, device) = said.split_once(" on ").expect("a trace and a device");
    let expected = "CCCpppCpppCpppCpppCpppCpppCpppCpppCpppCpppCpppCppC";
    assert!(trace == expected && !device.trim().is_empty(), "{said}");
}

/// Blocks run, of how many, and the error of a line of `ggml_style`.
fn row(line: &str) -> (u32, u32, f64) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = |from_the_end: usize| words[words.len() - from_the_end];
    let count = |word: &str| word.parse().unwrap_or_else(|_| panic!("{line}"));
    let error = at(1).parse().expect("an error");
    (count(at(7)), count(at(5)), error)
}

/// Blocks are left out as the scheduler says, and what stands in for them is close.
#[test]
fn a_graph_executor() {
    let exe = sample("ggml_style");
    let said = succeeds(&exe, &NONE);
    let rows: Vec<_> = said.lines().map(row).collect();
    let [full, trunk, blocks] = rows[..] else {
        panic!("{said}");
    };
    assert_eq!(full, (240, 240, 0.0));
    // 13 of 40 steps, of 6 blocks each; a lane a block leaves out what is no multiple of 6.
    assert!(
        trunk.0 == 13 * 6 && trunk.2 > 0.0 && trunk.2 < 0.01,
        "{said}"
    );
    assert!(
        blocks.0 < 120 && blocks.2 > 0.0 && blocks.2 < 0.05,
        "{said}"
    );
    let strict = succeeds(&exe, &["dbprune:threshold=0.01", "dbprune:threshold=0"]);
    let strict: Vec<_> = strict.lines().map(row).collect();
    assert!(strict[0].0 > blocks.0 && strict[0].2 < blocks.2);
    assert_eq!(strict[1], (240, 240, 0.0));
    // Holding is worse than extrapolating, at the same steps: the weights count.
    let hold = row(&succeeds(
        &exe,
        &["taylorseer:interval=4,order=0,site=trunk"],
    ));
    assert!(
        hold.0 == trunk.0 && hold.2 > 2.0 * trunk.2,
        "{hold:?} {trunk:?}"
    );
    // Planted: nothing is put on the input of what was left out.
    let wrong = planted(
        "ggml_style",
        "residual ? ring.base : ",
        "residual ? refrain::span<const float>() : ",
    );
    let wrong = row(&succeeds(
        &wrong,
        &["taylorseer:interval=4,order=1,site=trunk"],
    ));
    assert!(wrong.2 > 0.01, "planted, and the error is {}", wrong.2);
    for (policy, said) in [("foresight", "lacks"), ("dbprun", "dbprune")] {
        notices(&exe, &[policy], said);
    }
}

/// Nothing here depends on how fast the machine is.
#[test]
fn a_frame_loop() {
    let exe = sample("game_loop");
    let said = succeeds(&exe, &[&emoji(), "10", "6", "2"]);
    let lines: Vec<&str> = said.lines().collect();
    let [.., sliced, unsliced, same] = lines[..] else {
        panic!("{said}");
    };
    assert_eq!(same, "the pictures are the same");
    for (line, how) in [(sliced, "sliced"), (unsliced, "unsliced")] {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], how, "{said}");
        let frames: u32 = words[1].parse().expect("frames");
        let after = |word: &str| -> f64 {
            let at = words.iter().position(|one| *one == word);
            words[at.expect(word) + 1].parse().expect(word)
        };
        let (median, rare, most) = (after("p50"), after("p99"), after("max"));
        assert!(frames >= 10 && median <= rare && rare <= most, "{line}");
        let overspent: u32 = words
            .iter()
            .position(|one| *one == "in")
            .and_then(|at| words[at + 1].trim_end_matches(';').parse().ok())
            .expect("frames that overspent");
        assert!(overspent <= frames && after("most") >= 0.0, "{line}");
    }
    // The picture appears: noise first, at last a cat on white ground.
    let shown: Vec<&str> = said.split("-- ").skip(1).collect();
    assert!(
        shown.len() >= 2 && shown[0].contains("calls left"),
        "{said}"
    );
    let last = shown.last().expect("a picture");
    assert!(last.starts_with("0 calls left"), "{last}");
    notices(&exe, &["nowhere"], "nowhere");

    let exe = planted(
        "game_loop",
        "for (const bool sliced : {true, false}) {",
        "for (const bool sliced : {true, false}) {\nsettings.seed(sliced);",
    );
    let out = run(&exe, &[&emoji(), "2", "2", "1"]);
    assert_eq!(
        out.status.code(),
        Some(1),
        "another picture was not noticed"
    );
    assert!(stdout(&out).ends_with("the pictures are DIFFERENT\n"));
}

/// Samples are to be read: none is longer than this, nor are the files they include.
#[test]
fn samples_are_short() {
    let folder = root().join("bindings/samples");
    for entry in fs::read_dir(folder).expect("there are samples") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a text");
        assert!(text.lines().count() < 200, "{}", path.display());
    }
}
