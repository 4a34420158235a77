//! The record of a run's decisions.

use alloc::vec::Vec;
use core::fmt;

use crate::scheduler::Event;

/// The committed calls of a run, in order. Its text is one letter a call: `C` computed, `r` reused,
/// `p` predicted. Where several lanes decide apart, those of a call stand together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    events: Vec<Event>,
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub const fn new() -> Self {
        Self { events: Vec::new() }
    }

    /// An empty trace with room for that many calls.
    #[must_use]
    pub fn with_capacity(calls: usize) -> Self {
        Self {
            events: Vec::with_capacity(calls),
        }
    }

    /// Adds a committed call.
    pub fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The calls.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Calls that were computed.
    #[must_use]
    pub fn computed(&self) -> usize {
        self.events
            .iter()
            .filter(|event| !event.action.skips())
            .count()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = 0;
        for event in &self.events {
            if event.lane == 0 && before > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{}", event.action.letter())?;
            before = event.lane;
        }
        Ok(())
    }
}

impl Extend<Event> for Trace {
    fn extend<T: IntoIterator<Item = Event>>(&mut self, events: T) {
        self.events.extend(events);
    }
}
