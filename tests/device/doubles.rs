//! `shaders/shared/f64.wgsl` against the CPU, bit for bit.

use crate::compute::Words;

const SOURCE: &str = include_str!("../../shaders/shared/f64.wgsl");

/// Every operation on every pair: two doubles in, the words of each result out.
const MAIN: &str = "
@group(0) @binding(0) var<storage, read> given: array<u32>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if (i >= COUNT) {
        return;
    }
    let a = vec2(given[4u * i], given[4u * i + 1u]);
    let b = vec2(given[4u * i + 2u], given[4u * i + 3u]);
    let at = 16u * i;
    let sum = f64_add(a, b);
    let difference = f64_subtract(a, b);
    let product = f64_multiply(a, b);
    let quotient = f64_divide(a, b);
    let root = f64_sqrt(a);
    let wide = f64_from_f32(a.x);
    let whole = f64_from_u32(a.x);
    found[at] = sum.x;
    found[at + 1u] = sum.y;
    found[at + 2u] = difference.x;
    found[at + 3u] = difference.y;
    found[at + 4u] = product.x;
    found[at + 5u] = product.y;
    found[at + 6u] = quotient.x;
    found[at + 7u] = quotient.y;
    found[at + 8u] = root.x;
    found[at + 9u] = root.y;
    found[at + 10u] = wide.x;
    found[at + 11u] = wide.y;
    found[at + 12u] = whole.x;
    found[at + 13u] = whole.y;
    found[at + 14u] = f64_to_f32(a);
    found[at + 15u] = f64_to_u32(a) * 8u + u32(f64_below(a, b)) + 2u * u32(f64_at_most(a, b))
        + 4u * u32(f64_equal(a, b));
}
";

/// A small generator of numbers; the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Edges with edges, and random bits of every kind.
fn pairs() -> Vec<[f64; 2]> {
    let mut edges = vec![0.0, f64::NAN, f64::INFINITY];
    for exponent in [
        0_u64, 1, 2, 872, 873, 896, 897, 1000, 1022, 1023, 1024, 1050, 1054, 1055,
    ] {
        for fraction in [
            0,
            1,
            1 << 28,
            1 << 29,
            (1 << 29) - 1,
            (1 << 51) | 1,
            (1 << 52) - 1,
        ] {
            edges.push(f64::from_bits(exponent << 52 | fraction));
        }
    }
    for exponent in [1076_u64, 1077, 1149, 1150, 1151, 2045, 2046] {
        for fraction in [0, (1 << 52) - (1 << 28), (1 << 52) - 1] {
            edges.push(f64::from_bits(exponent << 52 | fraction));
        }
    }
    let negative: Vec<f64> = edges.iter().map(|edge| -edge).collect();
    edges.extend(negative);
    let mut pairs: Vec<[f64; 2]> = edges
        .iter()
        .flat_map(|a| edges.iter().map(move |b| [*a, *b]))
        .collect();
    let mut numbers = Numbers(7);
    for turn in 0..20_000_u64 {
        let (a, b) = (numbers.next(), numbers.next());
        pairs.push(match turn % 4 {
            // Any bits.
            0 => [f64::from_bits(a), f64::from_bits(b)],
            // Much cancels.
            1 => [
                f64::from_bits(a),
                f64::from_bits(a ^ (b >> (b % 64)) ^ 1 << 63),
            ],
            // Near each other.
            2 => {
                let near = (a & !(0x7ff << 52)) | ((b >> 40) % 60 + 990) << 52;
                let other = (b & !(0x7ff << 52)) | ((a >> 40) % 60 + 990) << 52;
                [f64::from_bits(near), f64::from_bits(other)]
            }
            // Subnormal numbers and their neighbours.
            _ => {
                let small = (a & !(0x7ff << 52)) | (a >> 58) << 52;
                let other = (b & !(0x7ff << 52)) | (b >> 53) << 52;
                [f64::from_bits(small), f64::from_bits(other)]
            }
        });
    }
    pairs
}

/// What a CPU gives, in the order of the kernel's words.
fn expected([a, b]: [f64; 2]) -> Vec<u32> {
    let narrow = f32::from_bits(a.to_bits() as u32);
    let doubles = [
        a + b,
        a - b,
        a * b,
        a / b,
        a.sqrt(),
        f64::from(narrow),
        f64::from(a.to_bits() as u32),
    ];
    let mut words = Vec::new();
    for double in doubles {
        // Which NaN an operation gives is up to the machine.
        let bits = if double.is_nan() {
            0x7ff8 << 48
        } else {
            double.to_bits()
        };
        words.extend([bits as u32, (bits >> 32) as u32]);
    }
    let single = a as f32;
    words.push(if single.is_nan() {
        0x7fc0_0000
    } else {
        single.to_bits()
    });
    let order = u32::from(a < b) + 2 * u32::from(a <= b) + 4 * u32::from(a == b);
    words.push((a as u32).wrapping_mul(8).wrapping_add(order));
    words
}

/// Pairs for which a kernel's words are not a CPU's.
fn differences(words: &Words, source: &str) -> Vec<String> {
    let pairs = pairs();
    let given: Vec<u32> = pairs
        .iter()
        .flatten()
        .flat_map(|v| [v.to_bits() as u32, (v.to_bits() >> 32) as u32])
        .collect();
    let source = format!("const COUNT = {}u;\n{source}{MAIN}", pairs.len());
    let found = words.run(&source, &given, 16 * pairs.len(), pairs.len());
    let both = pairs.iter().zip(found.chunks_exact(16));
    let differing = both.filter(|(pair, found)| expected(**pair) != *found);
    differing
        .map(|(pair, found)| {
            let [a, b] = pair.map(f64::to_bits);
            format!(
                "{a:016x} {b:016x}: {found:08x?}, a CPU has {:08x?}",
                expected(*pair)
            )
        })
        .collect()
}

#[test]
fn double_precision_is_a_cpus_bit_for_bit() {
    let Some(words) = Words::open() else { return };
    let wrong = differences(&words, SOURCE);
    println!("{} pairs, 9 results each", pairs().len());
    assert!(
        wrong.is_empty(),
        "{} pairs differ\n{}",
        wrong.len(),
        wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn planted_faults_of_the_arithmetic_are_noticed() {
    let Some(words) = Words::open() else { return };
    for (fault, right, wrong) in [
        ("ties away from zero", "(tie && (kept.x & 1u) == 1u)", "tie"),
        (
            "a lost remainder",
            "if (!is_zero(rest)) {\n        quotient.x |= 1u;",
            "if (false) {",
        ),
        ("no subnormal numbers", "11 + max(1 - biased, 0)", "11"),
        (
            "a strict comparison",
            "!whole_below(f64_key(b), f64_key(a))",
            "whole_below(f64_key(a), f64_key(b))",
        ),
    ] {
        assert_eq!(SOURCE.matches(right).count(), 1, "{fault}");
        let broken = SOURCE.replace(right, wrong);
        assert!(!differences(&words, &broken).is_empty(), "{fault}");
    }
}
