//! Cycles by phase: what a guest says on its standard output about where it is.
//!
//! A guest writes the line `cycle-tracker-report-start:NAME` where a phase begins and `cycle-tracker-report-end:NAME` where it
//! ends; `sp1-sdk` has these lines too, and counts by them if it is built with its feature `profiling`. With that feature the
//! interpreter takes the place of the compiler of the executor, in proofs as well. So we count ourselves, where the gas is counted:
//! there each instruction is seen, but none of what the guest's memory holds. A line must therefore be a constant of the program,
//! written by one call (`println!` of a literal is).

use std::collections::HashMap;

const START: &str = "cycle-tracker-report-start:";
const END: &str = "cycle-tracker-report-end:";

/// What a phase took, with the phases inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Cycles from its beginnings to its ends.
    pub cycles: u64,
    /// How often it was entered.
    pub times: u64,
}

/// Phases of a run, in the order in which they first began.
#[derive(Debug, Default)]
pub struct Phases {
    phases: Vec<Phase>,
    open: HashMap<String, u64>,
}

impl Phases {
    /// Sees what was written at a cycle.
    pub fn see(&mut self, text: &str, cycle: u64) {
        for line in text.lines() {
            if let Some(name) = line.strip_prefix(START) {
                self.start(name.trim(), cycle);
            } else if let Some(name) = line.strip_prefix(END) {
                self.end(name.trim(), cycle);
            }
        }
    }

    /// What each phase took in a run of so many cycles, at whose end all phases end.
    pub fn finish(mut self, cycles: u64) -> Vec<Phase> {
        let open: Vec<_> = self.open.keys().cloned().collect();
        open.iter().for_each(|name| self.end(name, cycles));
        self.phases
    }

    fn start(&mut self, name: &str, cycle: u64) {
        if !self.phases.iter().any(|phase| phase.name == name) {
            self.phases.push(Phase { name: name.to_owned(), cycles: 0, times: 0 });
        }
        self.open.insert(name.to_owned(), cycle);
    }

    fn end(&mut self, name: &str, cycle: u64) {
        let Some(start) = self.open.remove(name) else { return };
        if let Some(phase) = self.phases.iter_mut().find(|phase| phase.name == name) {
            phase.cycles += cycle - start;
            phase.times += 1;
        }
    }
}
