//! The templates of `shaders/variants/`: WGSL with loops that are unrolled as text.
//!
//! `{name}` is a value; `#for name count` … `#end` repeats lines with `name` from 0; `#if name` …
//! `#else` … `#end` chooses by whether a value is zero. Counts are numbers or names.

use alloc::{string::String, vec::Vec};

type Values<'a> = Vec<(&'a str, u32)>;

/// The text that a template makes of `values`. An unknown name stays as it is, so that no compiler
/// takes the text.
pub(super) fn expand(template: &str, values: &[(&str, u32)]) -> String {
    let lines: Vec<&str> = template.lines().collect();
    let mut text = String::new();
    write(&lines, &mut values.to_vec(), &mut text);
    text
}

fn write<'a>(mut lines: &[&'a str], values: &mut Values<'a>, text: &mut String) {
    while let Some((line, after)) = lines.split_first() {
        lines = after;
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("#for"), Some(name), Some(count)) => {
                let (body, _, after) = parts(after);
                lines = after;
                for i in 0..value(values, count).unwrap_or(0) {
                    values.push((name, i));
                    write(body, values, text);
                    values.pop();
                }
            }
            (Some("#if"), Some(name), None) => {
                let (then, otherwise, after) = parts(after);
                lines = after;
                let chosen = if value(values, name) == Some(0) {
                    otherwise
                } else {
                    then
                };
                write(chosen, values, text);
            }
            _ => {
                text.push_str(&substitute(line, values));
                text.push('\n');
            }
        }
    }
}

/// The lines up to this block's `#else`, from there to its `#end`, and those after.
fn parts<'s, 'a>(lines: &'s [&'a str]) -> (&'s [&'a str], &'s [&'a str], &'s [&'a str]) {
    let mut depth = 0_usize;
    let mut half = None;
    for (i, line) in lines.iter().enumerate() {
        match line.split_whitespace().next() {
            Some("#for" | "#if") => depth += 1,
            Some("#else") if depth == 0 => half = Some(i),
            Some("#end") if depth == 0 => {
                let (block, after) = lines.split_at(i);
                let (then, otherwise) = block.split_at(half.unwrap_or(i));
                return (
                    then,
                    otherwise.get(1..).unwrap_or_default(),
                    after.get(1..).unwrap_or_default(),
                );
            }
            Some("#end") => depth -= 1,
            _ => {}
        }
    }
    (lines, &[], &[])
}

fn value(values: &Values<'_>, name: &str) -> Option<u32> {
    name.parse()
        .ok()
        .or_else(|| Some(values.iter().rev().find(|(known, _)| *known == name)?.1))
}

fn substitute(line: &str, values: &Values<'_>) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let known = after
            .split_once('}')
            .and_then(|(name, after)| Some((value(values, name)?, after)));
        match known {
            Some((value, after)) => {
                text.push_str(&alloc::format!("{value}"));
                rest = after;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn blocks_nest_and_values_are_inserted() {
        let template = "\
fn f() { // {N} of {x}
#for i N
    a_{i} = {i}u;
#for j 2
    b_{i}_{j};
#end
#end
#if N
  yes {
#if ZERO
  never
#else
  zero }
#end
#else
  no
#end
}
";
        let wanted = "\
fn f() { // 2 of {x}
    a_0 = 0u;
    b_0_0;
    b_0_1;
    a_1 = 1u;
    b_1_0;
    b_1_1;
  yes {
  zero }
}
";
        assert_eq!(expand(template, &[("N", 2), ("ZERO", 0)]), wanted);
    }
}
