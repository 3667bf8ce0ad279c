//! What preimages mean to the verdict: one that is missing, one that is altered, hints that nobody heeds, and the same
//! program behind pipes.

use crate::{
    recorded::{dispute, store},
    support::{but, chain_flags, claim, claim_flags, run},
};
use alloy_primitives::{B256, Bytes};
use embedded_io_adapters::std::FromStd;
use kohala_host::{Channels, Dispute, Server, Store, judge, precompile::Call, serve, server::ServerError, witness};
use kohala_preimage::{
    BLOB_BYTES, BlobKeys, Client, ClientError, Hint, Key, KeyKind, Missing, Oracle, PreimageError, Preimages,
};
use kohala_program::{OracleInputs, ProgramError, ReadError, Verdict};
use kohala_testdata::Claim;
use std::{
    collections::{HashMap, HashSet},
    io::{PipeReader, PipeWriter, pipe},
    sync::Arc,
    thread,
};

/// A claim and all that its verdict takes.
struct Case {
    claim: Claim,
    preimages: Preimages,
    dispute: Dispute,
    elements: Arc<HashMap<Key, Bytes>>,
}

impl Case {
    /// The claim's own preimages, and no others.
    fn load(chain: &str, name: &str) -> Self {
        let claim = claim(chain, name);
        let dispute = dispute(chain, &claim);
        let all = store(chain);
        let (judgement, preimages) = witness(&all, &dispute, |_| ()).unwrap();
        assert!(judgement.verdict.is_valid());
        let mut elements = HashMap::new();
        for blob in preimages.blobs() {
            let keys = BlobKeys::new(blob.commitment).enumerate();
            elements.extend(keys.map(|(index, (key, _))| (key, Bytes::copy_from_slice(&blob.element(index)))));
        }
        Self { claim, preimages, dispute, elements: Arc::new(elements) }
    }

    /// The program on `oracle`, with the dispute's inputs.
    fn run(&self, change: impl FnOnce(&mut Bent)) -> (Result<Verdict, Error>, Bent) {
        let (all, elements) = (self.preimages.clone(), Arc::clone(&self.elements));
        let mut oracle = Bent { all, elements, ..Bent::default() };
        self.dispute.inputs().into_iter().for_each(|(ident, value)| oracle.all.insert_local(ident, value));
        change(&mut oracle);
        let (accelerated, inputs) = (oracle.accelerated, OracleInputs::new(&mut oracle));
        (kohala_program::run(if accelerated { inputs.accelerated() } else { inputs }), oracle)
    }

    /// What the program reads besides its boot inputs, each once, with the hint that is the last one by then.
    fn reads(&self) -> Vec<(Read, Option<Hint>)> {
        let (verdict, oracle) = self.run(|_| ());
        assert!(verdict.unwrap().is_valid());
        let mut seen = HashSet::new();
        let mut reads = oracle.reads;
        reads.retain(|(read, _)| !matches!(read, Read::Key(key) if key.kind() == Some(KeyKind::Local)));
        reads.retain(|(read, _)| seen.insert(*read));
        reads
    }
}

type Error = ProgramError<ReadError<PreimageError>>;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Read {
    Key(Key),
    Blob(B256),
}

/// An oracle that remembers what it was asked, and checks nothing.
#[derive(Default)]
struct Bent {
    all: Preimages,
    /// Field elements of blobs, for who reads them one by one.
    elements: Arc<HashMap<Key, Bytes>>,
    reads: Vec<(Read, Option<Hint>)>,
    hint: Option<Hint>,
    /// Hints fall on deaf ears.
    deaf: bool,
    /// The program asks for outcomes of precompiles, and hints bring them.
    accelerated: bool,
    /// Answers this read with that, whatever its key says.
    lie: Option<(Read, Bytes)>,
}

impl Bent {
    fn lie(&mut self, read: Read) -> Option<Bytes> {
        self.reads.push((read, self.hint.clone()));
        self.lie.as_ref().filter(|(about, _)| *about == read).map(|(_, value)| value.clone())
    }
}

impl Oracle for Bent {
    type Error = PreimageError;

    fn hint(&mut self, hint: &Hint) -> Result<(), PreimageError> {
        self.hint = Some(hint.clone()).filter(|_| !self.deaf);
        if let Some(Hint::L1PrecompileV2 { address, gas, input }) = &self.hint {
            let outcome = Call { address: *address, gas: *gas, input }.outcome().expect("hints are about those it has");
            self.all.insert_precompile(*address, *gas, input, outcome);
        }
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, PreimageError> {
        match self.lie(Read::Key(key)) {
            Some(lie) => Ok(lie),
            None => self.elements.get(&key).map_or_else(|| self.all.get(key), |element| Ok(element.clone())),
        }
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, PreimageError> {
        self.hint(&Hint::L1Blob { versioned_hash, index: Some(index), l1_time })?;
        match self.lie(Read::Blob(versioned_hash)) {
            Some(lie) => Ok(lie),
            None => self.all.blob(versioned_hash, index, l1_time),
        }
    }
}

/// The claim's preimages but one, and how the program says that it is missing.
fn without(case: &Case, read: Read, hint: Option<Hint>) -> (Preimages, String) {
    let mut preimages = case.preimages.clone();
    let key = match read {
        Read::Key(key) => {
            preimages.remove(key).unwrap();
            key
        }
        Read::Blob(versioned_hash) => {
            preimages.remove_blob(versioned_hash).unwrap();
            Key::sha256(versioned_hash)
        }
    };
    let hint_name = hint.as_ref().unwrap().name();
    let missing = Missing { key, hint }.to_string();
    let named = format!("no preimage for the {} key {key}, which the hint \"{hint_name} 0x", key.kind().unwrap());
    assert!(missing.starts_with(&named), "{missing}");
    (preimages, missing)
}

/// Every single preimage of these claims is taken away, one at a time: there is never a verdict, and what is missing is
/// named. That the claim is false changes nothing.
#[test]
fn without_any_one_preimage_there_is_no_verdict() {
    for (chain, name, step) in [("main", "0-1", 1), ("staged", "1-2", 1), ("staged", "9-10", 1), ("main", "20-21", 5)] {
        let case = Case::load(chain, name);
        let lie = but(&case.claim, |claim| claim.claimed_l2_output_root = claim.agreed_l2_output_root);
        let disputes = [case.dispute.clone(), dispute(chain, &lie)];
        let reads = case.reads();
        assert!(reads.len() >= 40, "{chain} {name}: {}", reads.len());
        assert!(reads.iter().any(|(read, _)| matches!(read, Read::Blob(_))));
        for (read, hint) in reads.into_iter().step_by(step) {
            let (preimages, missing) = without(&case, read, hint);
            let store = Store::Memory(preimages);
            for dispute in &disputes {
                match judge(&store, dispute, |_| ()) {
                    Err(error) => assert_eq!(error.to_string(), missing, "{chain} {name}"),
                    Ok(judgement) => panic!("{chain} {name} without {read:?}: {:?}", judgement.verdict),
                }
            }
        }
    }
}

/// The same of the binary, for one preimage behind each kind of hint.
#[test]
fn binary_names_what_is_missing() {
    let case = Case::load("main", "20-21");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("most.kohala");
    let mut seen = HashSet::new();
    let reads = case.reads().into_iter();
    for (read, hint) in reads.filter(|(_, hint)| seen.insert(hint.as_ref().unwrap().name())) {
        let (preimages, missing) = without(&case, read, hint);
        Store::write(&path, &preimages).unwrap();
        let data = vec![format!("--data-dir={}", path.display())];
        let start = vec!["verify".to_owned(), "--json".to_owned()];
        run([start, claim_flags(&case.claim), chain_flags("main"), data].concat())
            .error_names(&["no verdict", &missing]);
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            "l1-blob",
            "l1-block-header",
            "l1-receipts",
            "l1-transactions",
            "l2-block-header",
            "l2-code",
            "l2-output",
            "l2-state-node",
            "l2-transactions",
        ]
    );
}

/// The ways in which a value is altered under the same key.
fn alterations(value: &[u8]) -> Vec<Bytes> {
    let flipped = |index: usize| {
        let mut altered = value.to_vec();
        altered[index] ^= 0x55;
        altered
    };
    let (middle, last) = (value.len() / 2, value.len() - 1);
    let altered = [
        flipped(0),
        flipped(1.min(last)),
        flipped(middle),
        flipped(last),
        value[..last].to_vec(),
        value[..middle].to_vec(),
        Vec::new(),
        [value, &[0x80]].concat(),
        vec![0; value.len()],
        vec![0xff; value.len()],
        vec![0xc0],
    ];
    altered.into_iter().map(Bytes::from).collect()
}

/// The host and the contract check preimages, the program does not. Should one be wrong all the same, the program ends
/// with an error or with some verdict: it doesn't panic and it doesn't hang.
#[test]
fn altered_preimages_never_panic() {
    for (chain, name, step) in [("main", "0-1", 1), ("staged", "1-2", 1), ("main", "20-21", 7)] {
        let case = Case::load(chain, name);
        let (mut errors, mut verdicts) = (0, 0);
        for (read, _) in case.reads().into_iter().step_by(step) {
            let value = match read {
                Read::Key(key) => case.preimages.value(key).unwrap().clone(),
                Read::Blob(versioned_hash) => case.preimages.whole_blob(versioned_hash).unwrap().to_bytes(),
            };
            for altered in alterations(&value).into_iter().filter(|altered| *altered != value) {
                let (outcome, oracle) = case.run(|oracle| oracle.lie = Some((read, altered)));
                assert!(oracle.reads.len() < 5_000, "{read:?}");
                *if outcome.is_err() { &mut errors } else { &mut verdicts } += 1;
            }
        }
        assert!(errors > verdicts, "{chain} {name}: {errors} errors, {verdicts} verdicts");
    }
}

/// On a fault proof VM hints go nowhere.
#[test]
fn hints_have_no_effect() {
    for (chain, name) in [("main", "20-21"), ("staged", "1-35")] {
        let case = Case::load(chain, name);
        let reads = |oracle: Bent| oracle.reads.into_iter().map(|(read, _)| read).collect::<Vec<_>>();
        let (heard, oracle) = case.run(|_| ());
        let with_hints = reads(oracle);
        let (deaf, oracle) = case.run(|oracle| oracle.deaf = true);
        assert!(oracle.reads.iter().all(|(_, hint)| hint.is_none()));
        assert_eq!(reads(oracle), with_hints);
        assert_eq!(heard.unwrap(), deaf.unwrap());
    }
}

/// Every preimage is announced by the hint before it. What was read is not read again, but for the few nodes that happen
/// to be the same in two tries.
#[test]
fn preimages_are_announced_and_read_once() {
    let case = Case::load("main", "60-110");
    let (verdict, oracle) = case.run(|_| ());
    assert!(verdict.unwrap().is_valid());
    let local = |read: &Read| matches!(read, Read::Key(key) if key.kind() == Some(KeyKind::Local));
    let mut seen = HashSet::new();
    let mut again = Vec::new();
    for (read, hint) in oracle.reads.iter().filter(|(read, _)| !local(read)) {
        let name = hint.as_ref().unwrap_or_else(|| panic!("{read:?} is not announced")).name();
        if !seen.insert(*read) {
            again.push(name);
        }
    }
    assert!(again.iter().all(|name| ["l1-receipts", "l2-state-node"].contains(name)), "{again:?}");
    assert!(again.len() < oracle.reads.len() / 10, "{} of {}", again.len(), oracle.reads.len());
}

/// A program that asks for outcomes of precompiles, for who signed and for sums of points comes to the same verdicts. Each outcome is
/// announced; without it, and with what can't be one, there is no verdict, and nothing altered makes it panic.
#[test]
fn accelerated_program_comes_to_the_same_verdict() {
    for (chain, name, step) in [("main", "40-41", 3), ("staged", "1-35", 50), ("main", "60-110", 800)] {
        let case = Case::load(chain, name);
        let (computed, plain) = case.run(|_| ());
        let (told, oracle) = case.run(|oracle| oracle.accelerated = true);
        assert_eq!(told.unwrap(), computed.unwrap(), "{chain} {name}");
        let is_outcome =
            |(read, _): &(Read, _)| matches!(read, Read::Key(key) if key.kind() == Some(KeyKind::Precompile));
        let (outcomes, mut others): (Vec<_>, Vec<_>) = oracle.reads.into_iter().partition(is_outcome);
        let mut plain = plain.reads;
        for reads in [&mut plain, &mut others] {
            reads.retain(|(read, _)| match read {
                Read::Key(key) => !matches!(key.kind(), Some(KeyKind::Blob | KeyKind::Sha256)),
                Read::Blob(_) => false,
            });
        }
        assert!(others == plain, "{chain} {name}: nothing else changes but how blobs are read");
        assert!(!outcomes.is_empty());
        for (read, hint) in outcomes.into_iter().step_by(step) {
            let Read::Key(key) = read else { unreachable!() };
            assert_eq!(hint.as_ref().unwrap().name(), "l1-precompile-v2");
            let (lied, _) = case.run(|bent| {
                bent.accelerated = true;
                bent.lie = Some((read, Bytes::from_static(&[2])));
            });
            let error = lied.unwrap_err().to_string();
            assert_eq!(error, format!("the preimage of {key} is not the outcome of a precompile call"));
            for altered in alterations(oracle.all.value(key).unwrap()) {
                let _ = case.run(|bent| {
                    bent.accelerated = true;
                    bent.lie = Some((read, altered));
                });
            }
        }
        let (deaf, oracle) = case.run(|oracle| (oracle.accelerated, oracle.deaf) = (true, true));
        let error = deaf.unwrap_err().to_string();
        assert!(error.starts_with("no preimage for the precompile key 0x06"), "{error}");
        assert!(is_outcome(oracle.reads.last().unwrap()));
    }
}

/// The program behind pipes, as on a fault proof VM: blobs go over them field element by field element; or only
/// what they hold, with outcomes of precompiles, which no store has.
#[test]
fn program_behind_pipes_comes_to_the_same_verdict() {
    for (chain, name) in [("main", "20-21"), ("staged", "9-10")] {
        let case = Case::load(chain, name);
        let elements = case.preimages.blobs().len() * BLOB_BYTES / 32;
        assert!(elements >= 4096);
        let store = Store::Memory(case.preimages.clone());
        let lie = but(&case.claim, |claim| claim.claimed_l2_output_root = B256::ZERO);
        for (claim, valid) in [(&case.claim, true), (&lie, false)] {
            for ready in [|inputs| inputs, |inputs: OracleInputs<_>| inputs.accelerated()] {
                let (verdict, served) = behind_pipes(Server::new(&store, dispute(chain, claim).inputs()), ready);
                let verdict = verdict.unwrap();
                assert_eq!(verdict.is_valid(), valid, "{chain} {name}");
                assert_eq!(verdict.output_root, case.claim.claimed_l2_output_root);
                served.unwrap();
            }
        }
    }
}

/// The server ends with what is missing; the program sees a closed channel, and gives no verdict.
#[test]
fn program_behind_pipes_gives_no_verdict_without_a_preimage() {
    let case = Case::load("staged", "9-10");
    let reads = case.reads();
    let blob = reads.iter().position(|(read, _)| matches!(read, Read::Blob(_))).unwrap();
    for index in [0, blob, reads.len() - 1] {
        let (read, hint) = reads[index].clone();
        let (mut preimages, mut missing) = without(&case, read, hint);
        if let Read::Blob(versioned_hash) = read {
            // The commitment is asked for first, and stays in place: the first element is what is missing.
            let commitment = preimages.value(Key::sha256(versioned_hash)).unwrap()[..].try_into().unwrap();
            let element = Key::blob(&commitment, 0);
            missing = missing
                .replace("sha256", "blob")
                .replace(&Key::sha256(versioned_hash).to_string(), &element.to_string());
            preimages.remove(element);
        }
        let store = Store::Memory(preimages);
        let (verdict, served) = behind_pipes(Server::new(&store, case.dispute.inputs()), |inputs| inputs);
        assert!(matches!(verdict, Err(ProgramError::Read(ReadError::Oracle(ClientError::Closed)))), "{verdict:?}");
        assert_eq!(served.unwrap_err().to_string(), missing);
    }
}

type Answer = Result<Verdict, ProgramError<ReadError<ClientError>>>;

type Inputs = OracleInputs<Client<FromStd<PipeReader>, FromStd<PipeWriter>>>;

fn behind_pipes(server: Server<'_>, ready: fn(Inputs) -> Inputs) -> (Answer, Result<(), ServerError>) {
    let pipes: [_; 4] = std::array::from_fn(|_| {
        let (reader, writer) = pipe().unwrap();
        (FromStd::new(reader), FromStd::new(writer))
    });
    let [keys, values, hints, acknowledgements] = pipes;
    let client = Client {
        preimage_reader: values.0,
        preimage_writer: keys.1,
        hint_reader: acknowledgements.0,
        hint_writer: hints.1,
    };
    let channels = Channels {
        preimage_reader: keys.0,
        preimage_writer: values.1,
        hint_reader: hints.0,
        hint_writer: acknowledgements.1,
    };
    thread::scope(|scope| {
        let served = scope.spawn(move || serve(server, channels));
        (kohala_program::run(ready(OracleInputs::new(client))), served.join().unwrap())
    })
}
