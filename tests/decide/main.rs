//! What makes the decisions trustworthy: a corpus of named cases against an oracle that shares no
//! code with the crate, snapshots of traces, properties, and the wording of every refusal.

mod corpus;
mod host;
mod lanes;
mod loops;
mod network;
mod oracle;
mod presets;
mod properties;
mod random;
mod refused;
mod reports;
mod text;
mod traces;
mod weights;
