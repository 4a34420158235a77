//! `refrain generate`.

use alloc::sync::Arc;
use std::{fs, path::Path};

use refrain::{
    Policy,
    dit::{Model, Overrides},
    run::{Backend, Engine, Settings},
    sampler::Sampler,
};

use crate::{fields, files::Rgb, refrain, refrain_with, text};

const TAYLOR: &str = "taylorseer:interval=2,warmup=2";
const MARGIN: usize = 4;
const LETTER: usize = 8;

/// Six quick steps of two pictures.
fn generate(out: &Path, more: &[&str]) -> crate::Ran {
    let mut arguments = vec![
        "generate",
        "--steps",
        "6",
        "--backend",
        "cpu",
        "--out",
        text(out),
    ];
    if !more.contains(&"--class") {
        arguments.extend(["--class", "smile", "--class", "heart"]);
    }
    arguments.extend(more);
    refrain(&arguments)
}

fn letters(trace: &str) -> usize {
    trace.matches('C').count()
}

#[test]
fn json_has_the_fields_and_numbers_that_agree() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let more = ["--json", "--policy", TAYLOR, "--policy", "interval"];
    let document = generate(&out, &more).json();
    assert_eq!(fields(&document), ["backend", "model", "runs", "steps"]);
    assert!(
        document["backend"]
            .as_str()
            .is_some_and(|name| name.starts_with("cpu"))
    );
    assert_eq!(document["steps"], 6);
    let runs = document["runs"].as_array().expect("an array");
    let policies: Vec<_> = runs.iter().map(|run| run["policy"].as_str()).collect();
    assert_eq!(policies, [Some("full"), Some(TAYLOR), Some("interval")]);
    for run in runs {
        assert_eq!(
            fields(run),
            [
                "anchor_bytes",
                "anchors",
                "calls",
                "computed",
                "multiply_adds",
                "policy",
                "psnr_db",
                "rel_l2",
                "same_cost",
                "speedup",
                "trace",
                "wall_s",
                "work"
            ]
        );
        let trace = run["trace"].as_str().expect("a trace");
        assert_eq!(run["calls"], trace.len());
        assert_eq!(run["computed"], letters(trace));
        let number = |name: &str| run[name].as_f64().expect("a number");
        let wall = runs[0]["wall_s"].as_f64().expect("a number");
        assert!((number("speedup") - wall / number("wall_s")).abs() < 1e-9);
    }
    assert_eq!(runs[0]["trace"], "CCCCCC");
    assert_eq!(runs[0]["psnr_db"], 200.0);
    assert_eq!(runs[0]["same_cost"], serde_json::Value::Null);
    for (run, trace) in [(&runs[1], "CCpCpC"), (&runs[2], "CrCrCC")] {
        assert_eq!(run["trace"], trace);
        let same = &run["same_cost"];
        assert_eq!(fields(same), ["psnr_db", "rel_l2", "steps"]);
        assert_eq!(same["steps"], letters(trace));
        let psnr = run["psnr_db"].as_f64().expect("a number");
        assert!(psnr > 10.0 && psnr < 60.0, "{run}");
        assert!(
            run["rel_l2"]
                .as_f64()
                .is_some_and(|off| off > 0.0 && off < 1.0)
        );
    }
}

/// Every policy in every format, beside one run in full.
#[test]
fn anchors_of_every_format_are_compared() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let formats = ["f32", "f16", "int8"];
    let mut more = vec!["--json", "--policy", TAYLOR];
    more.extend(formats.iter().flat_map(|format| ["--anchors", *format]));
    let document = generate(&out, &more).json();
    let runs = document["runs"].as_array().expect("an array");
    assert_eq!((runs.len(), &runs[0]["anchor_bytes"]), (4, &0.into()));
    let number = |run: &serde_json::Value, name: &str| run[name].as_f64().expect("a number");
    for (run, format) in runs[1..].iter().zip(formats) {
        assert_eq!(
            (&run["anchors"], &run["policy"]),
            (&format.into(), &TAYLOR.into())
        );
        assert_eq!(run["trace"], runs[1]["trace"]);
        let share = number(run, "anchor_bytes") / number(&runs[1], "anchor_bytes");
        let expected = match format {
            "f32" => 1.0,
            "f16" => 0.5,
            _ => (192.0 + 4.0) / (4.0 * 192.0),
        };
        assert!((share - expected).abs() < 1e-9, "{format}: {share}");
    }
    let latents = runs[1..].iter().map(|run| number(run, "rel_l2"));
    let distinct = latents
        .map(f64::to_bits)
        .collect::<std::collections::HashSet<_>>();
    assert_eq!(distinct.len(), 3);

    let table = generate(&out, &["--policy", TAYLOR, "--anchors", "int8"]);
    let text = table.succeeded();
    let label = format!("{TAYLOR} in int8");
    assert!(text.contains(&label) && text.contains("anchors"), "{text}");
    let refused = generate(&out, &["--policy", "spectrum", "--anchors", "int8"]);
    let why = refused.failed();
    assert!(
        why.contains("--policy spectrum") && why.contains("int8"),
        "{why}"
    );
}

/// The picture that the library makes.
fn picture(policy: &str, steps: u32, seed: u64, index: usize) -> Vec<u8> {
    let bytes = fs::read("models/emoji/emoji_dit_f16.safetensors").expect("the emoji model");
    let model = Model::from_bytes(bytes, &Overrides::default()).expect("the emoji model");
    let engine = Engine::new(Arc::new(model), Backend::Cpu).expect("a CPU");
    let settings = Settings {
        policy: Policy::parse(policy).expect("a policy"),
        steps,
        sampler: Sampler::Euler,
        guidance: 2.5,
        classes: vec![0, 10],
        anchor_format: refrain::kernels::AnchorFormat::F32,
        seed,
    };
    let mut run = engine.start(&settings).expect("a run");
    while run.advance().expect("a call").is_some() {}
    run.picture_rgb8(index).expect("a picture")
}

#[test]
fn the_sheet_has_the_pictures_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let ran = generate(&out, &["--policy", TAYLOR, "--seed", "3"]);
    let said = ran.succeeded();
    for part in [
        "emoji (built in)",
        "cpu (",
        "smile, heart",
        "CCpCpC",
        "4/6",
        "sheet.png",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let sheet = Rgb::read(&out);
    let row = LETTER + 96 + 3 * MARGIN;
    assert_eq!(sheet.height, MARGIN + 3 * row);
    // Two pictures would be narrower than the longest label.
    assert!(sheet.width > 2 * MARGIN + 2 * 96 + MARGIN);
    let cell = |line: usize, column: usize| {
        let top = 2 * MARGIN + LETTER + line * row;
        sheet.part(MARGIN + column * (96 + MARGIN), top, 32, 3)
    };
    for column in 0..2 {
        assert!(cell(0, column) == picture("full", 6, 3, column));
        assert!(cell(1, column) == picture(TAYLOR, 6, 3, column));
        assert!(cell(2, column) == picture("full", 4, 3, column));
    }
    // Planted: another noise, another policy, another picture.
    assert!(cell(0, 0) != picture("full", 6, 4, 0));
    assert!(cell(1, 0) != picture("full", 6, 3, 0));
    assert!(cell(0, 0) != cell(0, 1));
    // There is ink on the labels' lines, and paper between the rows.
    let line = |y: usize| &sheet.pixels[y * sheet.width * 3..(y + 1) * sheet.width * 3];
    assert!((MARGIN..MARGIN + LETTER).any(|y| line(y).contains(&48)));
    assert!(line(MARGIN + row - 1).iter().all(|value| *value == 255));
}

#[test]
fn classes_by_name_or_number_and_calls_in_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name);
    let [a, b, csv, lines] = ["a.png", "b.png", "calls.csv", "calls.jsonl"].map(file);
    let policy = ["--policy", "teacache:threshold=0.2"];
    let more = |class, trace| [&policy[..], &["--class", class, "--trace", trace]].concat();
    generate(&a, &more("cat", text(&csv))).succeeded();
    generate(&b, &more("8", text(&lines))).succeeded();
    assert!(Rgb::read(&a) == Rgb::read(&b));

    let [csv, lines] = [csv, lines].map(|path| fs::read_to_string(path).expect("the calls"));
    let (csv, lines): (Vec<_>, Vec<_>) = (csv.lines().collect(), lines.lines().collect());
    let header = "policy,call,step,evaluation,lane,action,reason,order,slot,signal,spent";
    assert_eq!(csv[0], header);
    assert_eq!((csv.len(), lines.len()), (1 + 2 * 6, 2 * 6));
    for (row, line) in csv[1..].iter().zip(lines) {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        // A cell starts where its column does; the policy alone may have commas, and is quoted.
        let (policy, rest) = row[1..].split_once("\",").expect("a quoted policy");
        assert_eq!(value["policy"], policy);
        for (name, cell) in header.split(',').skip(1).zip(rest.split(',')) {
            let same = match &value[name] {
                serde_json::Value::Null => cell.is_empty(),
                serde_json::Value::String(text) => cell == text,
                number => {
                    let number = number.as_f64().expect("a number");
                    cell.parse()
                        .is_ok_and(|cell: f64| (cell - number).abs() < 1e-12)
                }
            };
            assert!(same, "{name}: {row} and {line}");
        }
        assert_eq!(value.as_object().map(|fields| fields.len()), Some(11));
    }
    assert!(csv[7].starts_with("\"teacache:threshold=0.2\",0,0,0,0,compute,warmup,"));
}

#[test]
fn what_does_not_pay_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let ran = generate(&out, &["--policy", "teacache:threshold=0"]);
    assert!(ran.stderr.contains("nothing was skipped"), "{ran:?}");
    assert!(!ran.stderr.contains("loses"), "{ran:?}");
    let ran = generate(&out, &["--policy", "interval:warmup=9"]);
    assert!(ran.stderr.contains("cannot skip"), "{ran:?}");
    // The first prediction held to the end, but for the last step.
    let ran = generate(&out, &["--policy", "mask:100001,site=model"]);
    assert!(ran.succeeded().contains("loses"), "{ran:?}");
    assert!(ran.stderr.contains("loses to 2 plain steps"), "{ran:?}");
}

#[test]
fn latents_of_an_autoencoder_are_shown_as_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let model = "tests/data/dit_d48_h2_sigma.safetensors";
    let more = [
        "--model", model, "--heads", "2", "--class", "1", "--policy", "interval",
    ];
    let ran = generate(&out, &more);
    assert!(ran.succeeded().contains("ddim"), "{ran:?}");
    assert!(ran.stderr.contains("4 channels, not RGB"), "{ran:?}");
    let sheet = Rgb::read(&out);
    assert_eq!(sheet.height, MARGIN + 3 * (LETTER + 8 * 4 + 3 * MARGIN));
    let cell = sheet.part(MARGIN, 2 * MARGIN + LETTER, 8, 4);
    assert_eq!(cell.iter().min(), Some(&0));
    assert_eq!(cell.iter().max(), Some(&255));
    // Without policies of its own the program leaves out those that do not fit the model.
    let more = ["--model", model, "--heads", "2", "--class", "1"];
    let ran = generate(&out, &more);
    assert!(ran.succeeded().contains("taylorseer"), "{ran:?}");
    assert!(
        ran.stderr.contains("left out: --policy magcache"),
        "{ran:?}"
    );
}

#[test]
fn bad_arguments_are_one_clear_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let nowhere = folder.path().join("none").join("sheet.png");
    let long: Vec<&str> = (0..65).flat_map(|_| ["--class", "0"]).collect();
    let sigma = [
        "--model",
        "tests/data/dit_d48_h2_sigma.safetensors",
        "--heads",
        "2",
    ];
    for (more, named) in [
        (&["--steps", "0"][..], "steps is 0"),
        (&["--steps", "1048577"], "steps is 1048577"),
        (&[&sigma[..], &["--steps", "1001"]].concat(), "1 to 1000"),
        (&["--sampler", "ddim"], "velocity"),
        (&["--class", "dog"], "dog"),
        (&["--class", "12"], "12"),
        (&["--class", "-1"], "-1"),
        (&long, "65 times"),
        (&["--cfg", "nan"], "--cfg"),
        (&["--cfg", "inf"], "--cfg"),
        (&["--seed", "x"], "--seed"),
        (&["--policy", "teacash"], "`teacache`"),
        (&["--policy", "teacache:treshold=1"], "`threshold`"),
        (&["--policy", "magcache:curve=0/1"], "0.01 to 100"),
        (&["--policy", "mask:111"], "mask"),
        (&["--policy", "fbcache:front=6"], "front"),
        (&["--policy", "fbcache:front=0"], "front"),
        (&["--policy", "taylorseer:order=5"], "0 to 4"),
        (&["--heads", "5"], "num_heads is 5"),
        (&["--heads", "0"], "num_heads is 0"),
        (&["--prediction", "noise"], "--prediction"),
        (&["--backend", "tpu"], "--backend"),
        (&["--trace", text(&nowhere)], "--trace"),
        (&["--trace", text(folder.path())], "--trace"),
        (
            &["--model", "tests/none.safetensors"],
            "tests/none.safetensors",
        ),
        (&["--model", "tests"], "not a file"),
    ] {
        // A later `--steps` replaces the quick one.
        let mut arguments = vec!["generate", "--backend", "cpu", "--out", text(&out)];
        if more.contains(&"--backend") {
            arguments.drain(1..3);
        }
        if !more.contains(&"--steps") {
            arguments.extend(["--steps", "4"]);
        }
        arguments.extend(more);
        let ran = refrain(&arguments);
        assert!(ran.failed().contains(named), "{more:?}: {ran:?}");
    }
    for path in [&nowhere, folder.path()] {
        assert!(generate(path, &[]).failed().contains("--out"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_are_full_or_endless() {
    assert!(
        generate(Path::new("/dev/full"), &[])
            .failed_late()
            .contains("/dev/full")
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let ran = generate(&out, &["--model", "/dev/zero"]);
    assert!(ran.failed().contains("/dev/zero"), "{ran:?}");
}

/// With a driver list that leads nowhere there is no adapter.
#[cfg(target_os = "linux")]
#[test]
fn no_adapter_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let nowhere = [
        ("VK_DRIVER_FILES", "/nowhere"),
        ("VK_ICD_FILENAMES", "/nowhere"),
    ];
    let quick = [
        "generate",
        "--steps",
        "1",
        "--class",
        "0",
        "--policy",
        "full",
        "--out",
        text(&out),
    ];
    let ran = refrain_with(&[&quick[..], &["--backend", "gpu"]].concat(), &nowhere);
    assert!(ran.failed().contains("--backend gpu"), "{ran:?}");
    // `auto` takes the CPU then.
    let ran = refrain_with(&quick, &nowhere);
    assert!(ran.succeeded().contains("cpu ("), "{ran:?}");
}

/// What was measured on an adapter is kept; what is of another version is measured anew.
#[cfg(target_os = "linux")]
#[test]
fn choices_of_kernels_are_kept() {
    if std::env::var("REFRAIN_GPU").is_ok_and(|wish| wish == "none") {
        println!("skipped: REFRAIN_GPU=none");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let arguments = [
        "generate",
        "--steps",
        "1",
        "--class",
        "0",
        "--policy",
        "full",
        "--backend",
        "gpu",
        "--out",
        text(&out),
    ];
    let env = [("XDG_CACHE_HOME", text(folder.path()))];
    let ran = refrain_with(&arguments, &env);
    if ran.stderr.contains("no GPU adapter")
        && std::env::var("REFRAIN_GPU").map_or(true, |wish| wish != "required")
    {
        println!("skipped: {}", ran.stderr);
        return;
    }
    assert!(ran.succeeded().contains("gpu: "), "{ran:?}");
    let file = folder.path().join("refrain").join("tuning.txt");
    let kept = std::fs::read_to_string(&file).expect("a file");
    println!("{kept}");
    let version = format!("refrain {}, wgpu ", env!("CARGO_PKG_VERSION"));
    assert!(
        kept.starts_with(&version) && kept.contains("linear f16 "),
        "{kept}"
    );
    // The second run reads it: a choice that no measurement makes stays.
    let line = kept.lines().nth(1).expect("a class");
    let (class, _) = line.split_once(" = ").expect("a choice");
    let mut other = kept.replace(line, &format!("{class} = table"));
    other.push_str("linear f16 1x1x1 = tile32\n");
    std::fs::write(&file, &other).expect("written");
    refrain_with(&arguments, &env).succeeded();
    let read = std::fs::read_to_string(&file).expect("a file");
    assert!(read.contains("linear f16 1x1x1 = tile32"), "{read}");
    assert!(read.contains(&format!("{class} = table")), "{read}");
    // Of another version it is replaced.
    std::fs::write(&file, other.replace("refrain ", "refrain 0.")).expect("written");
    refrain_with(&arguments, &env).succeeded();
    let anew = std::fs::read_to_string(&file).expect("a file");
    assert!(
        anew.starts_with(&version) && !anew.contains("1x1x1"),
        "{anew}"
    );
    let files = std::fs::read_dir(file.parent().expect("a folder")).expect("a folder");
    assert_eq!(files.count(), 1, "nothing is left beside it");
}

#[test]
fn the_device_decides_what_the_host_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sheet.png");
    let on_cpu = generate(
        &out,
        &["--json", "--decide", "device", "--policy", "teacache"],
    );
    assert!(on_cpu.failed().contains("only a GPU decides"), "{on_cpu:?}");
    let calls = generate(&out, &["--device-calls", "2"]);
    assert!(calls.failed().contains("add --decide device"), "{calls:?}");
    let foca = generate(&out, &["--decide", "device", "--policy", "foca"]);
    let said = foca.failed();
    assert!(
        said.contains("--policy foca") && said.contains("--decide host"),
        "{said}"
    );
    if std::env::var("REFRAIN_GPU").as_deref() != Ok("required") {
        return;
    }
    let run = |more: &[&str]| {
        let mut arguments = vec![
            "generate",
            "--steps",
            "4",
            "--backend",
            "gpu",
            "--class",
            "smile",
        ];
        arguments.extend([
            "--json",
            "--policy",
            "teacache:threshold=1",
            "--out",
            text(&out),
        ]);
        arguments.extend(more);
        refrain(&arguments).json()
    };
    let (host, device) = (
        run(&[]),
        run(&["--decide", "device", "--device-calls", "3"]),
    );
    for field in ["trace", "psnr_db", "multiply_adds"] {
        assert_eq!(host["runs"][1][field], device["runs"][1][field], "{field}");
    }
}
