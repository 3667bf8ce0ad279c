/// Inputs made of seeds by small changes; the same ones every time.
#[derive(Debug)]
pub struct Mutations {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

/// Longest input that changes can make of a shorter one, in bytes.
const LONGEST: usize = 4096;

impl Mutations {
    /// Changes of `seeds`, or of nothing if there are none.
    pub fn new(mut seeds: Vec<Vec<u8>>) -> Self {
        if seeds.is_empty() {
            seeds.push(Vec::new());
        }
        Self { seeds, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// An input of random bytes alone.
    fn random(&mut self) -> Vec<u8> {
        let length = self.below(300);
        (0..length).map(|_| self.next_number() as u8).collect()
    }

    fn mutated(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut input = self.seeds[seed].clone();
        for _ in 0..1 + self.below(5) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        const TELLING: [u8; 13] = [0, 1, 2, 0x7d, 0x7e, 0x7f, 0x80, 0xb7, 0xbf, 0xc0, 0xf7, 0xfe, 0xff];
        let at = self.below(input.len() + 1);
        let length = 1 + self.below(16);
        let end = (at + length).min(input.len());
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.next_number() as u8,
            2 if at < input.len() => input[at] = TELLING[self.below(TELLING.len())],
            3 => drop(input.drain(at..end)),
            4 if input.len() < LONGEST => {
                let bytes: Vec<u8> = (0..length).map(|_| self.next_number() as u8).collect();
                drop(input.splice(at..at, bytes));
            }
            5 if input.len() < LONGEST => {
                let repeated = input[at..end].to_vec();
                drop(input.splice(at..at, repeated));
            }
            6 => {
                let other = self.below(self.seeds.len());
                let from = self.below(self.seeds[other].len() + 1);
                input.truncate(at);
                input.extend_from_slice(&self.seeds[other][from..]);
            }
            _ => input.truncate(at),
        }
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next_number() >> 16) as usize % count
    }

    /// Marsaglia's xorshift.
    fn next_number(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// Without end: one in eight is random, the others come from seeds.
impl Iterator for Mutations {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        Some(if self.below(8) == 0 { self.random() } else { self.mutated() })
    }
}
