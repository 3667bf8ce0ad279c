//! Prints the cases of `tests/riscv/cases.rs`, a JSON value a line, for `tests/riscv/record.go`.

#[path = "../tests/riscv/assembler.rs"]
#[allow(dead_code)]
mod assembler;
#[path = "../tests/riscv/cases.rs"]
mod cases;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for case in cases::all() {
        println!("{}", serde_json::to_string(&case)?);
    }
    Ok(())
}
