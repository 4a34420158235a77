//! What the decision kernel takes for the layout of policies and rows is their layout.

use core::mem::offset_of;

use refrain::{
    Policy,
    decide::{CallRow, DECIDE, policy_words},
    scheduler::LANE_BYTES,
};

/// The constants of the kernel's text that begin so, with their values.
fn constants<'a>(text: &'a str, prefix: &str) -> Vec<(&'a str, usize)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("const "));
    let named = lines.filter(|line| line.starts_with(prefix));
    named
        .map(|line| {
            let (name, value) = line.split_once(" = ").expect("a value");
            let value = value.trim_end_matches("u;");
            (name, value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

macro_rules! words {
    ($struct:ty: $($name:literal $($member:ident).+;)*) => {
        vec![$(($name, offset_of!($struct, $($member).+) / 4),)*]
    };
}

fn wrong(text: &str) -> Vec<String> {
    let policy = words!(Policy:
        "P_GAUGE_KIND" gauge.kind;
        "P_METRIC" gauge.metric;
        "P_RESCALE" gauge.rescale;
        "P_SCHEDULE" gauge.schedule;
        "P_INTERVAL" gauge.interval;
        "P_DEVIATION" gauge.deviation;
        "P_GROWTH" gauge.growth;
        "P_DOMAIN_MIN" gauge.domain_min;
        "P_DOMAIN_MAX" gauge.domain_max;
        "P_RUN_FACTOR" gauge.run_factor;
        "P_COEFFICIENTS" gauge.coefficients;
        "P_CODEBOOK_LEN" gauge.codebook.len;
        "P_CODEBOOK_INTERVALS" gauge.codebook.intervals;
        "P_CODEBOOK_THRESHOLDS" gauge.codebook.thresholds;
        "P_CURVE_LEN" gauge.curve.len;
        "P_CURVE_VALUES" gauge.curve.values;
        "P_BUDGET_KIND" budget.kind;
        "P_COMPARATOR" budget.comparator;
        "P_SCALE" budget.scale;
        "P_PROGRESS" budget.progress;
        "P_THRESHOLD" budget.threshold;
        "P_DECAY" budget.decay;
        "P_EARLY_FACTOR" budget.early_factor;
        "P_EARLY_UNTIL" budget.early_until;
        "P_LATE_FACTOR" budget.late_factor;
        "P_LATE_FROM" budget.late_from;
        "P_MAX_COST" budget.max_cost;
        "P_RESET" budget.reset;
        "P_PREDICTOR_KIND" predictor.kind;
        "P_ORDER" predictor.order;
        "P_ROLLING" predictor.rolling;
        "P_SIGMA" predictor.sigma;
        "P_GAIN" predictor.gain;
        "P_BLEND" predictor.blend;
        "P_HORIZON" predictor.horizon;
        "P_SPLIT_KIND" split.kind;
        "P_BOOST" split.boost;
        "P_VERIFY_KIND" verify.kind;
        "P_VERIFY_FROM" verify.from;
        "P_SITE_KIND" site.kind;
        "P_MAX_CONTINUOUS" guards.max_continuous_cached_steps;
        "P_RUN_COUNT" guards.run_count;
        "P_MAX_CACHED" guards.max_cached_steps;
        "P_MAX_SPENT" guards.max_spent;
    );
    let row = words!(CallRow:
        "R_STEP" step;
        "R_EVALUATION" evaluation;
        "R_LANE" lane;
        "R_NUMBER" number;
        "R_GUARD" guard;
        "R_FLAGS" flags;
        "R_TIME" time;
        "R_PLACE" place;
        "R_SHARE" share;
        "R_GAIN" gain;
        "R_ALLOWED" allowed;
        "R_GAMMA" gamma;
        "R_OF_SIGNAL" of_signal;
        "R_OF_TIME" of_time;
        "R_SIGNAL" signal;
        "R_FACTOR" factor;
        "R_MEASURED" measured;
        "R_ERROR" error;
    );
    let lane = vec![("LANE_WORDS", LANE_BYTES / 4)];
    let row_len = vec![("ROW_WORDS", size_of::<CallRow>() / 4)];
    let mut wrong = Vec::new();
    for (prefix, expected) in [
        ("P_", policy),
        ("R_", row),
        ("LANE_WORDS", lane),
        ("ROW_WORDS", row_len),
    ] {
        let found = constants(text, prefix);
        if found != expected {
            wrong.push(format!("{prefix}: {found:?} is not {expected:?}"));
        }
    }
    wrong
}

#[test]
fn offsets_in_the_kernel_are_those_of_the_structs() {
    assert_eq!(wrong(DECIDE), Vec::<String>::new());
    let moved = DECIDE.replace("const P_RESET = 344u;", "const P_RESET = 345u;");
    assert_eq!(wrong(&moved).len(), 1, "planted");
}

#[test]
fn a_policy_is_read_word_by_word() {
    let policy = Policy::parse("teacache:threshold=0.25").expect("a policy");
    let words = policy_words(&policy);
    assert_eq!(words.len(), size_of::<Policy>() / 4);
    let at = offset_of!(Policy, budget.threshold) / 4;
    let bits = u64::from(words[at]) | u64::from(words[at + 1]) << 32;
    assert_eq!(f64::from_bits(bits), 0.25);
    assert_eq!(words[0] as usize, size_of::<Policy>());
}
