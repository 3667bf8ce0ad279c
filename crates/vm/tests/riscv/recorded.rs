//! Steps of cases by chance against what asterisc made of them.
//!
//! `recorded.txt` has a line for each case: the first bytes of keccak256 over the state hashes and the proofs' hashes of its
//! steps, and what the last one reverted with, if it did. Whoever changes the cases records anew, in a checkout of asterisc
//! with `record.go` as `rvgo/record/main.go`:
//!
//!     cargo run -p kohala-vm --example riscv_cases | (cd asterisc && go run ./rvgo/record) > recorded.txt

use crate::cases::{self, Case};
use alloy_primitives::{B256, hex, keccak256};
use kohala_preimage::Key;
use kohala_vm::{
    LittleEndian, Memory, Server, ServerError,
    riscv::{Core, Fault, Registers, State, Vm, replay},
};

/// A server that has one preimage, whatever the key.
struct One(Vec<u8>);

impl Server for One {
    fn hint(&mut self, _: &[u8]) -> Result<(), ServerError> {
        Ok(())
    }

    fn preimage(&mut self, _: Key) -> Result<Vec<u8>, ServerError> {
        Ok(self.0.clone())
    }
}

fn machine(case: &Case, state: State) -> Vm<One> {
    Vm::new(state, One(hex::decode(&case.preimage).expect("hex")), |_, _| {})
}

fn state(case: &Case) -> State {
    let mut memory = Memory::<LittleEndian>::new();
    for (address, word) in &case.memory {
        memory.write(*address, &word.to_le_bytes());
    }
    let core = Core {
        preimage_key: case.key.parse().expect("hex of 32 bytes"),
        preimage_offset: case.offset,
        pc: case.pc,
        exit_code: 0,
        exited: false,
        step: case.step,
        heap: case.heap,
        registers: Registers::new(case.registers, case.reservation),
    };
    State { memory, core, last_hint: Vec::new(), recorded_witness: Vec::new(), recorded_hash: B256::ZERO }
}

/// Does a case's steps with proofs, checks each as L1 does and beside the fast loop; gives its line.
fn line(case: &Case) -> String {
    let mut hashes = Vec::new();
    let mut vm = machine(case, state(case));
    for _ in 0..case.steps {
        let mut fast = machine(case, vm.state().clone());
        let ran = fast.run(vm.state().core.step + 1, false);
        let proof = match vm.prove() {
            Ok(proof) => proof,
            Err(error) => {
                assert_eq!(ran.expect_err("the step stops").to_string(), error.to_string());
                let revert = error.fault.revert().unwrap_or_else(|| panic!("{error}"));
                let number = match error.fault {
                    // asterisc's fast machine panics there without a code.
                    Fault::End { .. } => "none".to_owned(),
                    _ => format!("{:x}", revert.number()),
                };
                return format!("{} revert {number}", hex::encode(&keccak256(&hashes)[..8]));
            }
        };
        let replayed = replay(&proof.witness, &proof.data, vm.last_read()).expect("is proven");
        assert_eq!(replayed, vm.state_mut().witness(), "the replay of {case:?}");
        assert_eq!(fast.state_mut().hash(), proof.post, "the fast run of {case:?}");
        hashes.extend_from_slice(proof.post.as_slice());
        hashes.extend_from_slice(&keccak256(&proof.data)[..8]);
    }
    hex::encode(&keccak256(&hashes)[..8])
}

#[test]
fn steps_and_proofs_are_asteriscs() {
    let recorded = include_str!("recorded.txt").lines();
    assert_eq!(recorded.clone().count() as u64, cases::COUNT);
    for (number, (case, recorded)) in cases::all().zip(recorded).enumerate() {
        assert_eq!(line(&case), recorded, "case {number}: {case:?}");
    }
}
