//! The `refrain` program.

#![deny(unsafe_code)]

fn main() -> std::process::ExitCode {
    hush_device_selection();
    refrain::cli::main()
}

/// Without a desktop, Mesa's device selection looks for one in vain and says so on standard error,
/// in lines that look like errors of this program. It only sorts adapters by the desktop in use.
fn hush_device_selection() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: no other thread runs yet that could read the environment.
        #[expect(
            unsafe_code,
            reason = "setting a variable is unsafe beside other threads"
        )]
        unsafe {
            std::env::set_var("NODEVICE_SELECT", "1");
        }
    }
}
