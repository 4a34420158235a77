//! `refrain policies --from`: options of another library as a policy.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::report::{Failure, Report, note};
use crate::policy::Policy;
use crate::policy::peers::{Note, Peer};
use crate::text::Named;

/// A policy and what does not carry over, as JSON.
#[derive(Serialize)]
struct Read {
    policy: String,
    report: Vec<Line>,
}

/// One thing that does not carry over, as JSON.
#[derive(Serialize)]
struct Line {
    key: String,
    value: String,
    why: &'static str,
}

/// Prints the policy, and notes what does not carry over.
pub(super) fn read(peer: &str, options: &str, json: bool, out: &mut Report) -> Result<(), Failure> {
    let Some(peer) = Peer::from_name(peer) else {
        let names: Vec<&str> = Peer::ALL.iter().map(|peer| peer.name()).collect();
        let all = names.join(", ");
        return Err(Failure::new(format!(
            "`{peer}` is no library whose options are known; those are {all}"
        )));
    };
    let (policy, carried) =
        Policy::from_peer(peer, options).map_err(|error| Failure::about(peer.name(), error))?;
    if json {
        let line = |note: &Note<'_>| Line {
            key: note.key.to_string(),
            value: note.value.to_string(),
            why: note.why,
        };
        return out.json(&Read {
            policy: policy.to_string(),
            report: carried.notes().iter().map(line).collect(),
        });
    }
    out.line(policy);
    out.flush()?;
    for said in carried.notes() {
        note(said);
    }
    Ok(())
}
