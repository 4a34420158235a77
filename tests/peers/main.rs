//! Options of other libraries, read into a policy.

mod options;
mod page;
mod pasted;
mod refused;
mod rules;
mod texts;

use refrain::Policy;
use refrain::policy::peers::Peer;

/// The policy and the report, as text; or the refusal.
fn read(peer: Peer, options: &str) -> Result<(String, String), String> {
    match Policy::from_peer(peer, options) {
        Ok((policy, carried)) => Ok((policy.to_string(), carried.to_string())),
        Err(error) => Err(error.to_string()),
    }
}
