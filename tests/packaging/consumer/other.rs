//! Another library in Rust, with a standard library of its own.

#[unsafe(no_mangle)]
pub extern "C" fn other_catches() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| std::hint::black_box(vec![1, 2])[std::hint::black_box(2)]);
    if caught.is_err() { 7 } else { 0 }
}
