//! What proofs take is looked for before they are begun.

use kohala_sp1::{
    proof::{Mode, Prover},
    requirements::{Machine, NETWORK_KEY},
};
use std::{fs, path::PathBuf};

fn machine(gib: u64) -> Machine {
    let nowhere = PathBuf::from("/nowhere/circuits/v0");
    Machine { memory: Some(gib << 30), groth16: nowhere.clone(), plonk: nowhere, docker: true, network_key: false }
}

fn missing(machine: &Machine, mode: Mode, prover: Prover, download: bool) -> String {
    machine.check(mode, prover, download).map_or_else(|error| error.to_string(), |()| String::new())
}

#[test]
fn memory_is_looked_at_first() {
    let core = missing(&machine(1), Mode::Core, Prover::Cpu, false);
    assert!(core.starts_with("a core proof takes at least 12 GiB of memory here, and 1.0 GiB are free"), "{core}");
    assert!(missing(&machine(1), Mode::Core, Prover::InOrder, false).contains("at least 8 GiB"));
    assert!(missing(&machine(12), Mode::Compressed, Prover::Cpu, false).contains("at least 16 GiB"));
    assert!(missing(&machine(16), Mode::Groth16, Prover::Cpu, true).contains("at least 32 GiB"));
    assert_eq!(missing(&machine(64), Mode::Core, Prover::Cpu, false), "");
    // Where it can't be found out, it isn't held against anybody.
    assert_eq!(missing(&Machine { memory: None, ..machine(0) }, Mode::Core, Prover::Cpu, false), "");
    assert_eq!(missing(&machine(1), Mode::Mock, Prover::Cpu, false), "");
}

#[test]
fn circuits_and_docker_are_looked_for() {
    for (mode, variable) in [(Mode::Groth16, "SP1_GROTH16_CIRCUIT_PATH"), (Mode::Plonk, "SP1_PLONK_CIRCUIT_PATH")] {
        let no_circuit = missing(&machine(64), mode, Prover::Cpu, false);
        assert!(no_circuit.contains("/nowhere/circuits/v0") && no_circuit.contains(variable), "{no_circuit}");
        assert_eq!(missing(&machine(64), mode, Prover::Cpu, true), "");
        let no_docker = missing(&Machine { docker: false, ..machine(64) }, mode, Prover::Cpu, true);
        assert_eq!(no_docker.contains("docker info"), cfg!(not(feature = "native-gnark")), "{no_docker}");
    }
    let folder = tempfile::tempdir().unwrap();
    let there = Machine { groth16: folder.path().to_path_buf(), ..machine(64) };
    // A download that was broken off leaves a folder without the file that says that it is whole.
    assert!(missing(&there, Mode::Groth16, Prover::Cpu, false).contains("circuit"));
    fs::write(folder.path().join(".complete"), "").unwrap();
    assert_eq!(missing(&there, Mode::Groth16, Prover::Cpu, false), "");
}

#[test]
fn the_network_needs_a_build_and_a_key() {
    let missing = missing(&machine(1), Mode::Groth16, Prover::Network, false);
    let named = if cfg!(feature = "network") { NETWORK_KEY } else { "--features network" };
    assert!(missing.contains(named), "{missing}");
}

#[test]
fn this_machine_says_what_is_free() {
    let memory = Machine::here().unwrap().memory.unwrap();
    assert!((1 << 26..1 << 50).contains(&memory), "{memory}");
}
