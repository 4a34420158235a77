//! A program without a libc, an allocator or an unwinder: what an engine's own runtime would give
//! the decide layer is all in this file. Its exit status is the verdict.
//!
//! `--cfg panic_free`: does not link if a panic can be reached from what it calls.
//! `--cfg planted`: does what must be noticed.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::fmt::Write;
use core::hint::black_box;
use core::panic::PanicInfo;

use refrain::policy::{Method, SplitKind, Verify, VerifyKind};
use refrain::predict::{Axis, Inputs, Predictor, PredictorKind};
use refrain::signal::Metric;
use refrain::text::Named;
use refrain::{Begin, Call, CallError, Lane, Outcome, Policy, Scheduler, Timeline, measure};

#[path = "scenario.rs"]
mod scenario;

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    #[cfg(panic_free)]
    {
        unsafe extern "C" {
            fn a_panic_can_be_reached() -> !;
        }
        unsafe { a_panic_can_be_reached() }
    }
    #[cfg(not(panic_free))]
    exit(101)
}

fn exit(code: i32) -> ! {
    unsafe { asm!("syscall", in("rax") 60, in("rdi") code, options(noreturn)) }
}

// The kernel enters with an aligned stack; a function expects a return address on top of that.
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16",
    "call {start}",
    "ud2",
    start = sym start,
);

extern "C" fn start() -> ! {
    #[cfg(panic_free)]
    let code = i32::from(everything().is_err());
    #[cfg(not(panic_free))]
    let code = verdict();
    exit(code)
}

/// A TeaCache run with TaylorSeer's forecast, letter by letter, and all decisions by their hash.
#[cfg(not(panic_free))]
fn verdict() -> i32 {
    let text = black_box("teacache:threshold=0.3,predictor=taylor,order=2");
    let Ok(policy) = Policy::parse(text) else {
        return 2;
    };
    let mut letters = "CrCpCppCppppCpppppCpppCppCpC".chars();
    let mut same = true;
    let (timeline, signals) = (scenario::TIMELINES[0], scenario::SIGNALS[0].1);
    let done = scenario::run(&policy, timeline, signals, &mut |_, event| {
        if event.lane == 0 {
            same &= letters.next() == Some(event.action.letter());
        }
    });
    if done.is_err() || !same || letters.next().is_some() {
        return 3;
    }
    let expected = scenario::DECISIONS_HASH + u64::from(cfg!(planted));
    if scenario::decisions_hash() == expected { 0 } else { 4 }
}

/// Calls every function of the decide layer that engines call in or around a run, on values the
/// compiler cannot see.
///
/// Reading and writing a policy's text is left out: core's conversions between decimal text and
/// floating point, and its search for a character, check indices that the compiler cannot tell to
/// be in bounds. No text is known to reach them; `tests/decide/text.rs` throws random ones at it.
#[cfg_attr(not(panic_free), expect(dead_code, reason = "the other program calls it"))]
fn everything() -> Result<(), CallError> {
    for method in Method::ALL {
        let mut policy = (black_box(*method).preset().policy)();
        policy.guards.mask_len = black_box(0);
        for kind in PredictorKind::ALL {
            policy.predictor = Predictor {
                axis: black_box(Axis::Time),
                rolling: black_box(1),
                ..Predictor::new(black_box(*kind), black_box(3))
            };
            decides(&mut policy)?;
        }
    }
    measures();
    #[cfg(planted)]
    black_box(scenario::SIGNALS[black_box(2)]);
    Ok(())
}

/// Everything about one policy.
#[cfg_attr(not(panic_free), expect(dead_code, reason = "the other program calls it"))]
fn decides(policy: &mut Policy) -> Result<(), CallError> {
    policy.verify = Verify {
        kind: black_box(VerifyKind::Rollback),
        tolerance: black_box(0.1),
        ..policy.verify
    };
    policy.split.kind = black_box(SplitKind::Band);
    policy.gauge.curve.len = black_box(80);
    black_box(policy.check()).ok();
    black_box((policy.anchors(), policy.wants()));
    black_box((policy.needs_curve(), policy.needs_mask()));
    let timeline = Timeline {
        steps: black_box(20),
        evaluations: black_box(2),
    };
    for (_, signals) in scenario::SIGNALS {
        let timeline = (timeline.steps, timeline.evaluations);
        scenario::run(policy, timeline, signals, &mut |decision, event| {
            black_box((decision, event));
        })?;
    }
    let Ok(mut scheduler) = Scheduler::new(&*policy, timeline, [Lane::NEW; 3]) else {
        return Ok(());
    };
    for _ in 0..black_box(100) {
        one_call(&mut scheduler)?;
    }
    Ok(())
}

fn one_call(scheduler: &mut Scheduler<[Lane; 3], &Policy>) -> Result<(), CallError> {
    let (times, values) = (black_box([3.0, 2.0, 1.0, 0.5]), black_box([0.1; 6]));
    let times = times.get(..black_box(3)).unwrap_or(&[]);
    let values = values.get(..black_box(1)).unwrap_or(&[]);
    let mut bytes = black_box([0; 8192]);
    let bytes = bytes.get_mut(..scheduler.saved_bytes()).unwrap_or(&mut []);
    black_box(scheduler.save(bytes)).ok();
    black_box(scheduler.restore(bytes)).ok();
    let call = Call {
        step: black_box(7),
        evaluation: black_box(1),
        lane: black_box(0),
        reserved: 0,
        time: black_box(900.0),
    };
    let begun = scheduler.begin(call).inspect_err(|error| {
        let mut message = Message { bytes: [0; 256], len: 0 };
        black_box(write!(message, "{error}")).ok();
        black_box(message.bytes.get(..message.len));
    })?;
    let pending = match begun {
        Begin::Decided(pending) => pending,
        Begin::Needs(question) => scheduler.decide(question, values)?,
    };
    black_box(pending.decision());
    let event = scheduler.commit(pending, Outcome::Measured(values))?;
    black_box(event);
    black_box(scheduler.abandon(black_box(1))).ok();
    black_box(scheduler.invalidate(black_box(0))).ok();
    black_box((scheduler.stats(), scheduler.notice()));
    let predictor = &scheduler.policy().predictor;
    black_box(predictor.weights(&Inputs {
        times,
        target: black_box(2.0),
        hat: black_box(true),
        gain: black_box(1.0),
        row: times,
        moments: times,
        span: black_box(20.0),
    }));
    black_box(predictor.update(black_box(2.0), black_box(20.0)));
    scheduler.reset();
    Ok(())
}

/// What measures on slices, and what stands in.
#[cfg_attr(not(panic_free), expect(dead_code, reason = "the other program calls it"))]
fn measures() {
    let (a, b) = (black_box([1.0_f32; 9]), black_box([2.0_f32; 9]));
    let a = a.get(..black_box(7)).unwrap_or(&[]);
    for metric in Metric::ALL {
        black_box(measure::change(black_box(*metric), a, &b));
    }
    black_box((measure::rate(black_box(0.1), a, &b), measure::alignment(a, &b, a)));
    black_box(measure::product(a, &b));
    let (mut out, mut sum) = ([0.0; 9], [0.0; 9]);
    let weights = black_box([0.5; 3]);
    measure::accumulate(black_box(false), &weights, a, &mut [&mut sum]);
    measure::blend(&weights, a, &[&b, a, &sum], &mut out);
    black_box(out);
}

/// Where errors are written without an allocator.
struct Message {
    bytes: [u8; 256],
    len: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let free = self.bytes.get_mut(self.len..).unwrap_or(&mut []);
        for (to, from) in free.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        self.len = self.len.saturating_add(text.len());
        Ok(())
    }
}

// The platform contract: with these the decide layer links.

/// Named by the unwind tables of a prebuilt core; nothing calls it where panics abort.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    unsafe { asm!("rep movsb", inout("rcx") n => _, inout("rdi") to => _, inout("rsi") from => _) };
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= n {
        return unsafe { memcpy(to, from, n) };
    }
    let (last_to, last_from) = (to.wrapping_add(n - 1), from.wrapping_add(n - 1));
    unsafe {
        asm!("std", "rep movsb", "cld", inout("rcx") n => _, inout("rdi") last_to => _, inout("rsi") last_from => _);
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, n: usize) -> *mut u8 {
    unsafe { asm!("rep stosb", inout("rcx") n => _, inout("rdi") to => _, in("al") byte as u8) };
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
    for i in 0..n {
        let (a, b) = unsafe { (a.add(i).read_volatile(), b.add(i).read_volatile()) };
        if a != b {
            return i32::from(a) - i32::from(b);
        }
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
    unsafe { memcmp(a, b, n) }
}
