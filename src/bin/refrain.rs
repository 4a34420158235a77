//! The `refrain` program.

fn main() -> std::process::ExitCode {
    refrain::cli::main()
}
