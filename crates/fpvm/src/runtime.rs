//! How a program begins and ends.

use crate::system::{Channel, exit, write};
use core::{
    fmt::{self, Write},
    panic::PanicInfo,
};

/// How a program ends (rules V02): the status that a VM's state hash begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The claim is right.
    Valid = 0,
    /// The claim is wrong.
    Invalid = 1,
    /// Anything else.
    NoVerdict = 2,
}

/// Makes the function, `fn() -> Exit`, the one that the VM runs.
#[macro_export]
macro_rules! entry {
    ($function:path) => {
        /// What the VM runs.
        #[allow(unsafe_code)]
        #[unsafe(export_name = "kohala_main")]
        extern "Rust" fn kohala_main() -> $crate::Exit {
            $function()
        }
    };
}

// SAFETY: `entry!` defines it so; a program without it does not link.
unsafe extern "Rust" {
    fn kohala_main() -> Exit;
}

/// Where `_start` goes.
pub(crate) extern "C" fn start() -> ! {
    // SAFETY: `entry!` defines it with this signature; a program without it does not link.
    let end = unsafe { kohala_main() };
    exit(end as usize)
}

/// Prints to stderr.
pub fn stderr(text: fmt::Arguments<'_>) {
    // Stderr takes everything.
    let _ = Stderr.write_fmt(text);
}

struct Stderr;

impl Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write(Channel::Stderr, text.as_bytes());
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    stderr(format_args!("{info}\n"));
    exit(Exit::NoVerdict as usize)
}
