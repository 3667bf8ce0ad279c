//! Our VM as what cannon's is compared with: all that it says is caught.

use alloy_primitives::{B256, Bytes};
use kohala_preimage::Key;
use kohala_vm::{
    Server, ServerError, Stream,
    mips::{State, Vm},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What a program says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) hints: Vec<Bytes>,
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
}

/// What is said is told to whoever holds this.
#[derive(Clone, Default)]
pub(crate) struct Ear(Arc<Mutex<Said>>);

impl Ear {
    /// What was said since the last time.
    pub(crate) fn take(&self) -> Said {
        self.listen(std::mem::take)
    }

    fn listen<T>(&self, change: impl FnOnce(&mut Said) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The preimages of a case.
pub(crate) struct Known {
    preimages: BTreeMap<B256, Bytes>,
    ear: Ear,
}

impl Server for Known {
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError> {
        self.ear.listen(|said| said.hints.push(hint.to_vec().into()));
        Ok(())
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        let value = self.preimages.get(&B256::from_slice(key.as_bytes()));
        value.map(|value| value.to_vec()).ok_or(ServerError::None(key))
    }
}

/// A VM in a state, and what its program says.
pub(crate) fn vm(state: State, preimages: &BTreeMap<B256, Bytes>) -> (Vm<Known>, Ear) {
    let ear = Ear::default();
    let known = Known { preimages: preimages.clone(), ear: ear.clone() };
    let heard = ear.clone();
    let vm = Vm::new(state, known, move |stream, text: &[u8]| {
        heard.listen(|said| match stream {
            Stream::Output => said.output.extend(text),
            Stream::Error => said.errors.extend(text),
        });
    });
    (vm, ear)
}

/// The content of a file with the VM's state, not compressed.
pub(crate) fn encoded(vm: &Vm<Known>) -> Vec<u8> {
    let mut bytes = Vec::new();
    vm.state().serialize(&mut bytes).expect("memory takes all");
    bytes
}
