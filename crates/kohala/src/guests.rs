//! The guests that were built, or came with this program: their names, and where they are.

use std::{env, path::PathBuf};

/// The program for cannon.
pub(crate) const CANNON: &str = "kohala-client-mips64.elf";
/// The program for asterisc.
pub(crate) const ASTERISC: &str = "kohala-client-riscv64.elf";
/// SP1's guest that proves a claim about a range of blocks.
pub(crate) const RANGE: &str = "kohala-sp1-range.elf";
/// SP1's guest that joins proofs.
pub(crate) const AGGREGATION: &str = "kohala-sp1-aggregation.elf";

/// The guest called `name`: beside this program, or where the sources' are built.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folders = own_folder().into_iter().chain(["target/guests".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The folder of this program.
pub(crate) fn own_folder() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.to_path_buf())
}
