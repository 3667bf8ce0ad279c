//! The run's loop on a machine that only counts.

use super::*;
use alloy_primitives::B256;
use std::fs;

/// It reads a preimage in each step whose number is a multiple of ten, and ends after a hundred.
#[derive(Default)]
struct Counter {
    step: u64,
    read: Option<u64>,
    value: Vec<u8>,
    /// Up to which steps it was run in one go.
    advances: Vec<u64>,
}

impl Counter {
    fn one(&mut self) {
        self.read = (self.step.is_multiple_of(10)).then_some(self.step / 10);
        self.value = vec![7; self.step as usize];
        self.step += 1;
    }
}

/// The last step is one that can't be made.
#[derive(Debug, thiserror::Error)]
#[error("step 77 can't be made")]
struct NoMore;

impl Machine for Counter {
    type Error = NoMore;

    fn step(&self) -> u64 {
        self.step
    }

    fn exit_code(&self) -> Option<u8> {
        (self.step == 100).then_some(3)
    }

    fn place(&mut self) -> Place {
        Place { pc: 4 * self.step, instruction: 0, pages: 0 }
    }

    fn advance(&mut self, until: u64, pause: bool) -> Result<(), NoMore> {
        assert!(until > self.step, "the run goes nowhere");
        self.advances.push(until);
        while self.step < until.min(100) {
            if self.step == 77 {
                return Err(NoMore);
            }
            self.one();
            if pause && self.read.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn prove(&mut self) -> Result<Proof, NoMore> {
        let hash = |step: u64| B256::with_last_byte(step as u8);
        let step = self.step;
        self.one();
        Ok(Proof {
            step,
            pre: hash(step),
            post: hash(self.step),
            state_data: step.to_be_bytes().to_vec().into(),
            proof_data: vec![self.step as u8].into(),
            read: self.last_read().map(|read| Read {
                oracle_key: read.key.into(),
                oracle_value: read.value.to_vec().into(),
                oracle_offset: read.offset,
            }),
        })
    }

    fn last_read(&self) -> Option<PreimageRead<'_>> {
        let key = |number| B256::with_last_byte(number as u8).0;
        self.read.map(|number| PreimageRead { key: key(number), value: &self.value, offset: 8 })
    }

    fn write(&self, _: Format, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "state {}", self.step)
    }
}

fn plan() -> Plan {
    Plan {
        info_at: Pattern::Never,
        stop_at: Pattern::Never,
        snapshot_at: Pattern::Never,
        snapshots: "".parse().expect("names"),
        proof_at: Pattern::Never,
        proofs: "".parse().expect("names"),
        stop_at_preimage: None,
    }
}

fn pattern(text: &str) -> Pattern {
    text.parse().expect("a pattern")
}

#[test]
fn a_run_goes_from_one_mark_to_the_next() {
    let mut counter = Counter::default();
    let mut seen = Vec::new();
    let plan = Plan { info_at: pattern("%25"), stop_at: pattern("=60"), ..plan() };
    let end = run(&mut counter, &plan, |machine| seen.push(machine.step)).expect("a run");
    assert_eq!((end, counter.step), (End::Stopped, 60));
    assert_eq!(counter.advances, [25, 50, 60]);
    assert_eq!(seen, [0, 25, 50]);
}

#[test]
fn a_step_that_can_not_be_made_is_named() {
    let mut counter = Counter::default();
    let error = run(&mut counter, &plan(), |_| ()).expect_err("step 77 can't be made");
    assert_eq!(error.to_string(), "step 77 can't be made");
    // A proof passes over it.
    let mut counter = Counter::default();
    let end = run(&mut counter, &Plan { proof_at: pattern("=77"), ..plan() }, |_| ()).expect("a run");
    assert_eq!((end, counter.step), (End::Exited(3), 100));
}

#[test]
fn a_run_ends_where_steps_can_not_be_counted() {
    let mut counter = Counter { step: u64::MAX, ..Counter::default() };
    let error = run(&mut counter, &plan(), |_| ()).expect_err("no step follows");
    assert!(matches!(error, RunError::Uncounted), "{error}");
    assert!(counter.advances.is_empty());
    let end = run(&mut counter, &Plan { stop_at: pattern("=18446744073709551615"), ..plan() }, |_| ()).expect("a run");
    assert_eq!(end, End::Stopped);
}

#[test]
fn snapshots_and_proofs_are_of_the_state_before_the_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let plan = Plan {
        snapshot_at: pattern("%30"),
        snapshots: at("%d.bin").to_str().expect("text").parse().expect("names"),
        proof_at: pattern("=30"),
        proofs: at("%d.json").to_str().expect("text").parse().expect("names"),
        stop_at: pattern("=60"),
        ..plan()
    };
    run(&mut Counter::default(), &plan, |_| ()).expect("a run");
    let file = |name: &str| fs::read_to_string(at(name)).expect(name);
    assert_eq!((file("0.bin"), file("30.bin")), ("state 0".to_owned(), "state 30".to_owned()));
    // Where it stops nothing is written any more.
    assert!(!at("60.bin").exists());
    let proof: serde_json::Value = serde_json::from_str(&file("30.json")).expect("JSON");
    assert_eq!(proof["step"], 30);
    assert_eq!(proof["state-data"], "0x000000000000001e");
    assert_eq!(proof["proof-data"], "0x1f");
    assert_eq!(proof["pre"], B256::with_last_byte(30).to_string());
    assert_eq!(proof["post"], B256::with_last_byte(31).to_string());
    assert_eq!(proof["oracle-key"], B256::with_last_byte(3).to_string());
    assert_eq!(proof["oracle-offset"], 8);
}

#[test]
fn a_read_stops_the_run_after_its_step() {
    let stopped = |stop: PreimageStop| {
        let mut counter = Counter::default();
        let end = run(&mut counter, &Plan { stop_at_preimage: Some(stop), stop_at: pattern("=75"), ..plan() }, |_| ());
        (end.expect("a run"), counter.step)
    };
    let key = |last: u8| B256::with_last_byte(last).to_vec();
    assert_eq!(stopped(PreimageStop::Any), (End::PreimageRead, 1));
    let at = |prefix: Vec<u8>, offset, step| PreimageStop::At { prefix, offset, step };
    assert_eq!(stopped(at(key(4), 8, 0)), (End::PreimageRead, 41));
    assert_eq!(stopped(at(vec![0], 8, 0)), (End::PreimageRead, 1));
    assert_eq!(stopped(at(vec![0], 8, 20)), (End::PreimageRead, 21));
    assert_eq!(stopped(at(vec![0], 8, 21)), (End::PreimageRead, 31));
    assert_eq!(stopped(at(vec![0], 9, 0)), (End::Stopped, 75));
    assert_eq!(stopped(at(key(9), 8, 0)), (End::Stopped, 75));
    let larger = |prefix: Vec<u8>, than| PreimageStop::Larger { prefix, than };
    assert_eq!(stopped(larger(Vec::new(), 30)), (End::PreimageRead, 41));
    assert_eq!(stopped(larger(key(6), 30)), (End::PreimageRead, 61));
    assert_eq!(stopped(larger(key(2), 30)), (End::Stopped, 75));
}
