//! What a run tells whoever listens.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::fmt;
use std::sync::{Mutex, PoisonError};

use crate::text::{Named, named};

/// What a message is about. Numbers are never used again for another.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A device was opened; the text is its name.
    Device = 0,
    /// No GPU was used where one was looked for; the text says why.
    NoGpu = 1,
    /// The GPU is a software renderer: it is right, and slow.
    SoftwareGpu = 2,
    /// A kernel was measured to be the fastest for its shape; the text is the line of the tuning.
    Kernel = 3,
    /// A run has started; the text is its policy, steps and bytes.
    Started = 4,
    /// All calls of a run are made; the text is its trace.
    Finished = 5,
    /// The policy cannot skip on so few steps, or did not skip; the text is the notice's name.
    Notice = 6,
    /// A call failed on the device; the text says why.
    Failed = 7,
}

named!(Message, "message", {
    Device => "device",
    NoGpu => "no-gpu",
    SoftwareGpu => "software-gpu",
    Kernel => "kernel",
    Started => "started",
    Finished => "finished",
    Notice => "notice",
    Failed => "failed",
});

/// Who listens. It may be called from every thread that uses the engine or one of its runs.
pub type Listener = dyn Fn(Message, &str) + Send + Sync;

/// Messages of an engine and its runs. Until somebody listens, what was said when the engine was made is
/// kept for them; everything else is lost.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    listener: Option<Arc<Listener>>,
    early: Vec<(Message, String)>,
}

impl Log {
    /// Keeps a message for the first listener.
    pub(super) fn keep(&self, message: Message, text: impl ToString) {
        self.state(|state| state.early.push((message, text.to_string())));
    }

    /// Tells a message, if somebody listens; the text is made only then.
    pub(super) fn say(&self, message: Message, text: impl FnOnce() -> String) {
        // Called without the lock: a listener may use the engine.
        if let Some(listener) = self.state(|state| state.listener.clone()) {
            listener(message, &text());
        }
    }

    /// Whether somebody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.state(|state| state.listener.is_some())
    }

    /// Tells from now on another listener, or nobody.
    pub(super) fn tell(&self, listener: Option<Box<Listener>>) {
        let listener: Option<Arc<Listener>> = listener.map(Arc::from);
        let early = self.state(|state| {
            state.listener.clone_from(&listener);
            match listener {
                Some(_) => core::mem::take(&mut state.early),
                None => Vec::new(),
            }
        });
        for (message, text) in early {
            if let Some(listener) = &listener {
                listener(message, &text);
            }
        }
    }

    fn state<T>(&self, body: impl FnOnce(&mut State) -> T) -> T {
        body(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("is_heard", &self.is_heard())
            .finish_non_exhaustive()
    }
}
