//! The `refrain` program, one file a command.
//!
//! Standard output has the result and nothing else; notes and the progress bar go to standard error.
//! What goes wrong is one line there, `error: …`, and the exit status is 1, or 2 for a wrong command
//! line.

mod bench;
mod calibrate;
mod calibrated;
mod events;
mod forward;
mod generate;
mod inspect;
mod kernels;
mod methods;
mod model;
mod peers;
mod picture;
mod policies;
mod replay;
mod report;
mod signals;
mod table;
mod timed;
mod tuning;

use std::process::ExitCode;

use alloc::string::{String, ToString};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use report::{Failure, Report};

/// Diffusion caching: decide, step by step, what a diffusion transformer need not compute.
#[derive(Debug, Parser)]
#[command(name = "refrain", version, max_term_width = 100)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::Arguments),
    Calibrate(calibrate::Arguments),
    Forward(forward::Arguments),
    Inspect(inspect::Arguments),
    Bench(bench::Arguments),
    Replay(replay::Arguments),
    Policies(policies::Arguments),
    Methods(methods::Arguments),
    Kernels(kernels::Arguments),
}

/// Runs the program on the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => return usage(&error),
    };
    let mut report = Report::default();
    let result = match program.command {
        Command::Generate(arguments) => generate::run(&arguments, &mut report),
        Command::Calibrate(arguments) => calibrate::run(&arguments, &mut report),
        Command::Forward(arguments) => forward::run(&arguments, &mut report),
        Command::Inspect(arguments) => inspect::run(&arguments, &mut report),
        Command::Bench(arguments) => bench::run(&arguments, &mut report),
        Command::Replay(arguments) => replay::run(&arguments, &mut report),
        Command::Policies(arguments) => policies::run(&arguments, &mut report),
        Command::Methods(arguments) => methods::run(&arguments, &mut report),
        Command::Kernels(arguments) => kernels::run(&arguments, &mut report),
    };
    match result.and_then(|()| report.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::complain(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Help and version go to standard output; a wrong command line becomes one line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever closed the pipe has read enough.
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    report::complain(&Failure::new(first_paragraphs(&error.to_string())));
    ExitCode::from(2)
}

/// What clap says, without the usage behind it, on one line.
fn first_paragraphs(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let said = message.split("Usage:").next().unwrap_or(message);
    let mut line = String::new();
    for part in said.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("For more information") {
            break;
        }
        if !line.is_empty() {
            line.push_str(if line.ends_with(':') { " " } else { "; " });
        }
        line.push_str(part);
    }
    line.push_str("; `--help` lists what there is");
    line
}
