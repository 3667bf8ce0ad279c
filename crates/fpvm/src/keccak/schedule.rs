//! Keccak's permutation as straight machine code for 30 registers: which instruction comes when, and where each value lies.
//!
//! Compilers spend a third more instructions on it, on values that go to memory and back. Here every value is computed
//! once and kept in a register until the one that is needed last has to give way. The build script prints the outcome as
//! assembly of one VM or the other; the tests run it.

use std::{collections::BTreeMap, vec, vec::Vec};

/// Registers that values may lie in; one more points to memory.
pub(crate) const REGISTERS: usize = 30;

/// Lanes of the state.
pub(crate) const LANES: usize = 25;

/// Lanes that a hash of 256 bits is made of.
const HASH_LANES: usize = 4;

/// Left rotation of each lane in rho.
const ROTATION: [u32; LANES] =
    [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

/// What is added to the first lane at the end of each round.
pub(crate) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// An operation on values, which are numbered (`usize`), or on registers (`u8`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation<V> {
    Xor(V, V),
    And(V, V),
    Or(V, V),
    Not(V),
    ShiftLeft(V, u32),
    ShiftRight(V, u32),
    /// Of a word of memory, by its index.
    Load(usize),
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Puts what the operation yields into a register.
    Set(u8, Operation<u8>),
    /// Stores a register in a word of memory.
    Store(usize, u8),
}

/// The permutation on the state in memory's words 0 to 24, of which 1, 2, 8, 12, 17, 20 are inverted. The round constants
/// lie in the words from 25 on, and all words from 49 on may be written. With `hash_only` no more than the first four
/// words of the result are made.
pub(crate) fn permutation(hash_only: bool) -> Vec<Instruction> {
    let mut values = Values::default();
    let mut state: Vec<usize> = (0..LANES).map(|lane| values.set(Operation::Load(lane))).collect();
    for round in 0..ROUND_CONSTANTS.len() {
        state = values.round(&state, round);
    }
    let outputs = if hash_only { HASH_LANES } else { LANES };
    values.place(&state[..outputs])
}

/// Values in the order of their computation; each is computed once.
#[derive(Default)]
struct Values(Vec<Operation<usize>>);

impl Values {
    fn set(&mut self, operation: Operation<usize>) -> usize {
        self.0.push(operation);
        self.0.len() - 1
    }

    fn xor(&mut self, a: usize, b: usize) -> usize {
        self.set(Operation::Xor(a, b))
    }

    fn and(&mut self, a: usize, b: usize) -> usize {
        self.set(Operation::And(a, b))
    }

    fn or(&mut self, a: usize, b: usize) -> usize {
        self.set(Operation::Or(a, b))
    }

    fn not(&mut self, a: usize) -> usize {
        self.set(Operation::Not(a))
    }

    fn rotate(&mut self, a: usize, by: u32) -> usize {
        if by == 0 {
            return a;
        }
        let left = self.set(Operation::ShiftLeft(a, by));
        let right = self.set(Operation::ShiftRight(a, 64 - by));
        self.or(left, right)
    }

    fn round(&mut self, a: &[usize], round: usize) -> Vec<usize> {
        let mut a = a.to_vec();
        let parities: Vec<usize> =
            (0..5).map(|x| (1..5).fold(a[x], |parity, y| self.xor(parity, a[x + 5 * y]))).collect();
        // In this order parities are needed no longer than they have to be.
        for x in [0, 2, 4, 1, 3] {
            let rotated = self.rotate(parities[(x + 1) % 5], 1);
            let effect = self.xor(parities[(x + 4) % 5], rotated);
            for y in 0..5 {
                a[x + 5 * y] = self.xor(a[x + 5 * y], effect);
            }
        }
        let mut result = Vec::with_capacity(LANES);
        for plane in 0..5 {
            let b: Vec<usize> = (0..5)
                .map(|x| {
                    let from = (x + 3 * plane) % 5 + 5 * x;
                    self.rotate(a[from], ROTATION[from])
                })
                .collect();
            result.extend(self.chi(plane, b.try_into().expect("five lanes")));
        }
        let constant = self.set(Operation::Load(LANES + round));
        result[0] = self.xor(result[0], constant);
        result
    }

    /// Chi on a plane of which some lanes come and some go inverted, so that one inversion is left.
    fn chi(&mut self, plane: usize, b: [usize; 5]) -> [usize; 5] {
        let [b0, b1, b2, b3, b4] = b;
        let inverted = self.not(b[[2, 4, 3, 3, 1][plane]]);
        let terms = match plane {
            0 => [self.or(b1, b2), self.or(inverted, b3), self.and(b3, b4), self.or(b4, b0), self.and(b0, b1)],
            1 => [self.or(b1, b2), self.and(b2, b3), self.or(b3, inverted), self.or(b4, b0), self.and(b0, b1)],
            2 => [self.or(b1, b2), self.and(b2, b3), self.and(inverted, b4), self.or(b4, b0), self.and(b0, b1)],
            3 => [self.and(b1, b2), self.or(b2, b3), self.or(inverted, b4), self.and(b4, b0), self.or(b0, b1)],
            _ => [self.and(inverted, b2), self.or(b2, b3), self.and(b3, b4), self.or(b4, b0), self.and(b0, b1)],
        };
        let mut to = b;
        match plane {
            2 | 3 => to[3] = inverted,
            4 => to[1] = inverted,
            _ => {}
        }
        core::array::from_fn(|x| self.xor(to[x], terms[x]))
    }

    /// The instructions that leave `outputs` in the first words of memory.
    fn place(&self, outputs: &[usize]) -> Vec<Instruction> {
        Placement::new(self, outputs).run()
    }
}

/// Values being given registers, one instruction after the other.
///
/// When all registers are taken, that value gives way which is needed again last. It is stored, unless it is in memory
/// already, and loaded when it is needed.
struct Placement<'a> {
    values: &'a [Operation<usize>],
    /// When each value is needed, the latest last, by the index of who needs it; outputs after everything.
    needed: Vec<Vec<usize>>,
    /// The value in each register.
    held: [Option<usize>; REGISTERS],
    /// The word of memory that each stored value lies in.
    words: BTreeMap<usize, usize>,
    /// Words that are free again, and the first that was never used.
    free: Vec<usize>,
    unused: usize,
    instructions: Vec<Instruction>,
}

impl<'a> Placement<'a> {
    fn new(values: &'a Values, outputs: &[usize]) -> Self {
        let values = &values.0;
        let mut needed = vec![Vec::new(); values.len()];
        for (lane, output) in outputs.iter().enumerate() {
            needed[*output].push(values.len() + lane);
        }
        // From the end: what nobody needs is not computed, and needs nothing.
        for (index, operation) in values.iter().enumerate().rev() {
            if !needed[index].is_empty() {
                operands(operation).for_each(|operand| needed[operand].push(index));
            }
        }
        for uses in &mut needed {
            uses.sort_unstable_by(|a, b| b.cmp(a));
        }
        let unused = LANES + ROUND_CONSTANTS.len();
        Self {
            values,
            needed,
            held: [None; REGISTERS],
            words: BTreeMap::new(),
            free: Vec::new(),
            unused,
            instructions: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Instruction> {
        for (index, operation) in self.values.iter().enumerate() {
            if self.needed[index].is_empty() {
                continue;
            }
            if let Operation::Load(word) = operation {
                // Loaded when it is needed.
                self.words.insert(index, *word);
                continue;
            }
            let placed = self.operation(index, operation);
            let register = self.register(&[]);
            self.held[register as usize] = Some(index);
            self.instructions.push(Instruction::Set(register, placed));
        }
        let mut outputs: Vec<_> =
            self.needed.iter().enumerate().filter_map(|(value, uses)| Some((*uses.first()?, value))).collect();
        outputs.sort_unstable();
        for (place, value) in outputs {
            let register = self.load(value, &[]);
            self.instructions.push(Instruction::Store(place - self.values.len(), register));
            self.done(value, place);
        }
        self.instructions
    }

    /// `operation`, the one at `index`, on registers; those of operands that nobody needs any more are free then.
    fn operation(&mut self, index: usize, operation: &Operation<usize>) -> Operation<u8> {
        use Operation::{And, Load, Not, Or, ShiftLeft, ShiftRight, Xor};
        let pair = |placement: &mut Self, a: usize, b: usize| {
            let a_register = placement.load(a, &[b]);
            let b_register = placement.load(b, &[a]);
            placement.done(a, index);
            placement.done(b, index);
            (a_register, b_register)
        };
        let one = |placement: &mut Self, a: usize| {
            let register = placement.load(a, &[]);
            placement.done(a, index);
            register
        };
        match *operation {
            Xor(a, b) => {
                let (a, b) = pair(self, a, b);
                Xor(a, b)
            }
            And(a, b) => {
                let (a, b) = pair(self, a, b);
                And(a, b)
            }
            Or(a, b) => {
                let (a, b) = pair(self, a, b);
                Or(a, b)
            }
            Not(a) => Not(one(self, a)),
            ShiftLeft(a, by) => ShiftLeft(one(self, a), by),
            ShiftRight(a, by) => ShiftRight(one(self, a), by),
            Load(word) => Load(word),
        }
    }

    /// The register that `value` lies in, loading it if need be; `kept` are not to give way for it.
    fn load(&mut self, value: usize, kept: &[usize]) -> u8 {
        if let Some(register) = self.held.iter().position(|held| *held == Some(value)) {
            return register as u8;
        }
        let register = self.register(kept);
        self.held[register as usize] = Some(value);
        self.instructions.push(Instruction::Set(register, Operation::Load(self.words[&value])));
        register
    }

    /// A free register.
    fn register(&mut self, kept: &[usize]) -> u8 {
        if let Some(register) = self.held.iter().position(Option::is_none) {
            return register as u8;
        }
        let next_use = |held: &Option<usize>| held.and_then(|value| self.needed[value].last().copied());
        let candidates = (0..REGISTERS).filter(|register| !kept.iter().any(|kept| self.held[*register] == Some(*kept)));
        let register = candidates.max_by_key(|register| next_use(&self.held[*register])).expect("few are kept");
        let value = self.held[register].take().expect("all are taken");
        if !self.words.contains_key(&value) {
            let word = self.free.pop().unwrap_or_else(|| {
                self.unused += 1;
                self.unused - 1
            });
            self.words.insert(value, word);
            self.instructions.push(Instruction::Store(word, register as u8));
        }
        register as u8
    }

    /// Notes that `value` was used at `index`.
    fn done(&mut self, value: usize, index: usize) {
        self.needed[value].retain(|by| *by != index);
        if self.needed[value].is_empty() {
            for held in &mut self.held {
                *held = held.filter(|held| *held != value);
            }
            // The state's own words are written at the end only.
            self.free.extend(self.words.remove(&value).filter(|word| *word >= LANES + ROUND_CONSTANTS.len()));
        }
    }
}

/// The values that an operation needs.
fn operands(operation: &Operation<usize>) -> impl Iterator<Item = usize> + use<> {
    let (first, second) = match *operation {
        Operation::Xor(a, b) | Operation::And(a, b) | Operation::Or(a, b) => (Some(a), Some(b)),
        Operation::Not(a) | Operation::ShiftLeft(a, _) | Operation::ShiftRight(a, _) => (Some(a), None),
        Operation::Load(_) => (None, None),
    };
    first.into_iter().chain(second)
}
