//! The C functions of the decide layer as one piece of machine code: what a host without the standard
//! library links.
#![no_std]

extern crate refrain;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
