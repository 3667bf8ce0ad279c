//! asterisc's machine: held by asterisc's own answers, by an independent emulator of the processor, and by itself.

mod assembler;
mod cases;
mod processor;
mod program;
mod recorded;
