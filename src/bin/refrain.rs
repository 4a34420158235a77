//! The `refrain` program.

fn main() -> std::process::ExitCode {
    quiet_mesa();
    refrain::cli::main()
}

/// Without a session, Mesa's layer for choosing among displays complains on standard error about a
/// Wayland display that no part of this program asks for. This is its own switch.
fn quiet_mesa() {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: no other thread has been started yet.
        #[expect(unsafe_code, reason = "the environment is set before any thread")]
        unsafe {
            std::env::set_var("NODEVICE_SELECT", "1");
        }
    }
}
