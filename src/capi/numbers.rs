//! The Rust side of the header's enums: plain numbers.
//!
//! A number from C may be no value of the enum, so no function takes or stores the enum itself. The
//! header test does not read this file; there these names are the enums, renamed by
//! `include/cbindgen.toml`.

macro_rules! numbers {
    ($($name:ident)+) => { $(pub(super) type $name = u32;)+ };
}

#[cfg(feature = "kernels")]
numbers! { refrain_access refrain_element }

#[cfg(feature = "_run")]
numbers! { refrain_anchor_format refrain_message refrain_prediction refrain_sampler }

numbers! {
    refrain_action refrain_axis refrain_budget_kind refrain_comparator refrain_curve_by
    refrain_deviation refrain_filter refrain_gauge_kind refrain_keep refrain_level refrain_method
    refrain_metric refrain_notice refrain_pool refrain_predictor_kind refrain_progress
    refrain_reason refrain_reference refrain_rescale refrain_rounding refrain_run_count
    refrain_scale refrain_schedule refrain_signal refrain_site_kind refrain_split_kind
    refrain_unit refrain_verify_kind refrain_wants refrain_window
}
