use super::{ChannelError, End, input::Input};
use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::Bytes;
use core::ops::Range;

/// How far back a copy may reach; decoded bytes are handed out when this many are ready.
const WINDOW: usize = 32 * 1024;

/// Most codes for literals and lengths, and for distances, in a block.
const MAX_LITERALS: usize = 286;
const MAX_DISTANCES: usize = 30;

/// Longest copy.
const MAX_LENGTH: usize = 258;

/// Most bits of a copy: a length's code and the bits after it, a distance's code and the bits after it.
const MAX_SYMBOL_BITS: u32 = 15 + 5 + 15 + 13;

/// The literal code that ends a block.
const END_OF_BLOCK: usize = 256;

/// The order in which a block lists the lengths of the codes that code its code lengths.
const LENGTH_CODE_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// A deflate stream (RFC 1951), read exactly as Go's `compress/flate` reads it.
///
/// That is the reason for its existence: decoders differ in which incomplete codes they take, in how many bits they
/// want to see before the next symbol, and in what they still hand out when a stream breaks off.
pub(super) struct Inflate {
    bits: BitReader,
    literals: Huffman,
    distances: Huffman,
    block: Block,
    is_final: bool,
    window: Window,
    /// The part of the window that is decoded and waits to be read.
    ready: Range<usize>,
    end: Option<End>,
}

/// Where decoding stands.
#[derive(Clone, Copy)]
enum Block {
    /// Before a block's header.
    Header,
    /// In a block of plain bytes.
    Stored { length: usize },
    /// In a compressed block, before a symbol.
    Symbol,
    /// In a compressed block, within a copy.
    Copy { length: usize, distance: usize },
}

impl Inflate {
    pub(super) fn new(input: Input) -> Self {
        Self {
            bits: BitReader { input, piece: Bytes::new(), position: 0, next: Bits { bits: 0, count: 0 } },
            literals: Huffman::EMPTY,
            distances: Huffman::EMPTY,
            block: Block::Header,
            is_final: false,
            window: Window { bytes: Box::new([0; WINDOW]), written: 0, flushed: 0, is_full: false },
            ready: 0..0,
            end: None,
        }
    }

    /// The next `N` bytes of input, at the next byte's boundary.
    pub(super) fn read_bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bits.align();
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.bits.next_byte()?;
        }
        Some(bytes)
    }

    /// See [`super::Decompressor::read`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> (usize, Option<End>) {
        while self.ready.is_empty() {
            if self.end.is_some() {
                return (0, self.end);
            }
            if let Err(error) = self.decode() {
                self.end = Some(End::Failed(error));
            }
            if self.end.is_some() && self.ready.is_empty() {
                self.ready = self.window.flush();
            }
        }
        let read = out.len().min(self.ready.len());
        out[..read].copy_from_slice(&self.window.bytes[self.ready.start..][..read]);
        self.ready.start += read;
        (read, self.end.filter(|_| self.ready.is_empty()))
    }

    /// See [`super::Decompressor::is_held_up`].
    pub(super) fn is_held_up(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Decodes until something is ready or the end is reached; or not as far, then it is to be called again.
    fn decode(&mut self) -> Result<(), ChannelError> {
        match self.block {
            Block::Header => self.read_header(),
            Block::Stored { length } => self.copy_stored(length),
            Block::Symbol => self.decode_symbols(),
            Block::Copy { length, distance } => {
                self.copy(length, distance);
                Ok(())
            }
        }
    }

    fn read_header(&mut self) -> Result<(), ChannelError> {
        self.is_final = self.bits.take(1)? == 1;
        match self.bits.take(2)? {
            0 => return self.start_stored(),
            1 => {
                self.literals.build(&fixed_literal_lengths())?;
                self.distances.build(&[5; 32])?;
            }
            2 => self.read_codes()?,
            _ => return Err(ChannelError::Corrupt),
        }
        self.block = Block::Symbol;
        Ok(())
    }

    fn finish_block(&mut self) {
        self.block = Block::Header;
        if self.is_final {
            if self.ready.is_empty() {
                self.ready = self.window.flush();
            }
            self.end = Some(End::Complete);
        }
    }

    fn start_stored(&mut self) -> Result<(), ChannelError> {
        let [a, b, c, d] = self.read_bytes().ok_or(ChannelError::Truncated)?;
        let length = u16::from_le_bytes([a, b]);
        if length != !u16::from_le_bytes([c, d]) {
            return Err(ChannelError::Corrupt);
        }
        if length == 0 {
            // Encoders use an empty block to mark that everything before it may be handed out.
            self.ready = self.window.flush();
            self.finish_block();
        } else {
            self.block = Block::Stored { length: length.into() };
        }
        Ok(())
    }

    fn copy_stored(&mut self, length: usize) -> Result<(), ChannelError> {
        let fitting = length.min(WINDOW - self.window.written);
        for _ in 0..fitting {
            let byte = self.bits.next_byte().ok_or(ChannelError::Truncated)?;
            self.window.push(byte);
        }
        if self.window.is_at_end() || fitting < length {
            self.ready = self.window.flush();
            self.block = Block::Stored { length: length - fitting };
        } else {
            self.finish_block();
        }
        Ok(())
    }

    /// Reads the two codes of a block.
    fn read_codes(&mut self) -> Result<(), ChannelError> {
        let literals = self.bits.take(5)? + 257;
        let distances = self.bits.take(5)? + 1;
        if literals > MAX_LITERALS || distances > MAX_DISTANCES {
            return Err(ChannelError::Corrupt);
        }
        let listed = self.bits.take(4)? + 4;
        let mut length_lengths = [0; LENGTH_CODE_ORDER.len()];
        for index in &LENGTH_CODE_ORDER[..listed] {
            length_lengths[*index] = self.bits.take(3)? as u8;
        }
        self.literals.build(&length_lengths)?;

        let mut lengths = [0; MAX_LITERALS + MAX_DISTANCES];
        let lengths = &mut lengths[..literals + distances];
        let mut filled = 0;
        while filled < lengths.len() {
            let (length, repeat) = match self.bits.symbol(&self.literals)? {
                symbol @ 0..16 => (symbol as u8, 1),
                16 if filled == 0 => return Err(ChannelError::Corrupt),
                16 => (lengths[filled - 1], 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                _ => (0, 11 + self.bits.take(7)?),
            };
            lengths.get_mut(filled..filled + repeat).ok_or(ChannelError::Corrupt)?.fill(length);
            filled += repeat;
        }
        self.literals.build(&lengths[..literals])?;
        self.distances.build(&lengths[literals..])?;
        // Every block ends with this symbol, so that no symbol needs fewer bits of input than it has.
        self.literals.shortest = self.literals.shortest.max(lengths[END_OF_BLOCK].into());
        Ok(())
    }

    fn decode_symbols(&mut self) -> Result<(), ChannelError> {
        while self.ready.is_empty() {
            self.decode_ahead();
            let symbol = self.bits.symbol(&self.literals)?;
            if symbol < END_OF_BLOCK {
                self.window.push(symbol as u8);
                if self.window.is_at_end() {
                    self.ready = self.window.flush();
                }
            } else if symbol == END_OF_BLOCK {
                self.finish_block();
                return Ok(());
            } else {
                let length = self.read_length(symbol)?;
                let distance = self.read_distance()?;
                if distance > self.window.history() {
                    return Err(ChannelError::Corrupt);
                }
                self.copy(length, distance);
            }
        }
        Ok(())
    }

    /// Decodes symbols as long as there is input and room for whatever comes next, and it is sound.
    ///
    /// Nearly all of a stream is read here, so what changes with every symbol is kept apart from the rest. Where
    /// anything is unusual this stops before the symbol, for [`Self::decode_symbols`] to say what it means.
    fn decode_ahead(&mut self) {
        let Self { bits: reader, literals, distances, window, .. } = self;
        let (mut next, mut position, mut written) = (reader.next, reader.position, window.written);
        let history = if window.is_full { WINDOW } else { 0 };
        while written + MAX_LENGTH < WINDOW {
            if next.count < MAX_SYMBOL_BITS {
                let Some(word) = reader.piece[position..].first_chunk() else { break };
                position += next.fill(*word);
            }
            let mut after = next;
            let Some(symbol) = after.symbol(literals) else { break };
            if symbol < END_OF_BLOCK {
                window.bytes[written] = symbol as u8;
                written += 1;
            } else {
                let Some((base, extra)) = length_code(symbol) else { break };
                let length = base + after.take(extra);
                let Some((base, extra)) = after.symbol(distances).and_then(distance_code) else { break };
                let distance = base + after.take(extra);
                if distance > history.max(written) || !window.repeat_within(written, length, distance) {
                    break;
                }
                written += length;
            }
            next = after;
        }
        (reader.next, reader.position, window.written) = (next, position, written);
    }

    fn read_length(&mut self, symbol: usize) -> Result<usize, ChannelError> {
        let (base, extra) = length_code(symbol).ok_or(ChannelError::Corrupt)?;
        Ok(base + self.bits.take(extra)?)
    }

    fn read_distance(&mut self) -> Result<usize, ChannelError> {
        let symbol = self.bits.symbol(&self.distances)?;
        let (base, extra) = distance_code(symbol).ok_or(ChannelError::Corrupt)?;
        Ok(base + self.bits.take(extra)?)
    }

    /// Repeats `length` bytes, as far as the window has room.
    fn copy(&mut self, length: usize, distance: usize) {
        let rest = self.window.repeat(length, distance);
        if self.window.is_at_end() {
            self.ready = self.window.flush();
            self.block = Block::Copy { length: rest, distance };
        } else {
            self.block = Block::Symbol;
        }
    }
}

/// The least length of a copy by its symbol, and how many more bits say how much longer it is. `None` for the end of the
/// block and what no encoder writes.
#[inline]
const fn length_code(symbol: usize) -> Option<(usize, u32)> {
    match symbol.wrapping_sub(END_OF_BLOCK + 1) {
        index @ 0..8 => Some((3 + index, 0)),
        index @ 8..28 => {
            let extra = index / 4 - 1;
            Some((3 + ((4 + index % 4) << extra), extra as u32))
        }
        28 => Some((MAX_LENGTH, 0)),
        _ => None,
    }
}

/// The least distance of a copy by its symbol, and how many more bits say how much farther it is.
#[inline]
const fn distance_code(symbol: usize) -> Option<(usize, u32)> {
    match symbol {
        0..4 => Some((1 + symbol, 0)),
        4..MAX_DISTANCES => {
            let extra = symbol / 2 - 1;
            Some((1 + ((2 + symbol % 2) << extra), extra as u32))
        }
        _ => None,
    }
}

/// The lengths of the literal codes that a block may use without listing them.
fn fixed_literal_lengths() -> [u8; 288] {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    lengths
}

/// The last 32 KiB of output, as a ring.
struct Window {
    bytes: Box<[u8; WINDOW]>,
    written: usize,
    flushed: usize,
    /// True once the ring is full, so that all of it is history.
    is_full: bool,
}

impl Window {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes[self.written] = byte;
        self.written += 1;
    }

    #[inline]
    fn is_at_end(&self) -> bool {
        self.written == WINDOW
    }

    #[inline]
    fn history(&self) -> usize {
        if self.is_full { WINDOW } else { self.written }
    }

    /// Repeats `length` bytes from `distance` back, and returns how many didn't fit before the ring's end.
    #[inline]
    fn repeat(&mut self, length: usize, distance: usize) -> usize {
        let from = if distance > self.written { WINDOW + self.written - distance } else { self.written - distance };
        let fitting = length.min(WINDOW - self.written);
        let overlaps = from < self.written && from + fitting > self.written;
        if overlaps || from + fitting > WINDOW {
            for index in 0..fitting {
                self.bytes[self.written + index] = self.bytes[(from + index) % WINDOW];
            }
        } else {
            self.bytes.copy_within(from..from + fitting, self.written);
        }
        self.written += fitting;
        length - fitting
    }

    /// Repeats `length` bytes from `distance` back of `written`; does nothing and says so if that crosses the ring's end.
    #[inline]
    fn repeat_within(&mut self, written: usize, length: usize, distance: usize) -> bool {
        let from = if distance > written { WINDOW + written - distance } else { written - distance };
        if from.max(written) + length > WINDOW {
            return false;
        }
        if distance < length {
            for index in 0..length {
                self.bytes[written + index] = self.bytes[from + index];
            }
        } else {
            self.bytes.copy_within(from..from + length, written);
        }
        true
    }

    /// What was written since the last flush; must be read before anything else is written.
    fn flush(&mut self) -> Range<usize> {
        let flushed = self.flushed..self.written;
        self.flushed = self.written;
        if self.is_at_end() {
            (self.written, self.flushed, self.is_full) = (0, 0, true);
        }
        flushed
    }
}

/// How many bits the first table of a [`Huffman`] code resolves.
const FIRST_BITS: u32 = 10;

/// A prefix code as look-up tables. An entry is `value << 4 | length`; 0 means that no code starts with these bits.
struct Huffman {
    /// By the next [`FIRST_BITS`] bits. A greater length says that `value` is the index of a table in `rest`.
    first: [u16; 1 << FIRST_BITS],
    /// By the bits after those; tables of `1 << rest_bits` entries.
    rest: Vec<u16>,
    rest_bits: u32,
    /// How many bits must be there before a symbol is looked for.
    shortest: u32,
}

impl Huffman {
    /// The code of nothing.
    const EMPTY: Self = Self { first: [0; 1 << FIRST_BITS], rest: Vec::new(), rest_bits: 0, shortest: 0 };

    /// Builds the canonical code with these lengths. It must use every sequence of bits; only a code of one symbol of
    /// one bit, or of none at all, may leave some out.
    fn build(&mut self, lengths: &[u8]) -> Result<(), ChannelError> {
        let mut counts = [0; 16];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        self.first.fill(0);
        self.rest.clear();
        let shortest = counts.iter().position(|count| *count > 0).unwrap_or(0);
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        self.shortest = shortest as u32;
        if longest == 0 {
            return Ok(());
        }

        let mut next_codes = [0u32; 16];
        let mut code = 0;
        for length in shortest..=longest {
            code <<= 1;
            next_codes[length] = code;
            code += counts[length];
        }
        if code != 1 << longest && !(code == 1 && longest == 1) {
            return Err(ChannelError::Corrupt);
        }
        self.rest_bits = (longest as u32).saturating_sub(FIRST_BITS);
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let next_code = &mut next_codes[usize::from(*length)];
            let reversed = next_code.reverse_bits() >> (32 - u32::from(*length));
            *next_code += 1;
            self.insert(reversed as usize, u32::from(*length), (symbol as u16) << 4 | u16::from(*length));
        }
        Ok(())
    }

    /// Puts an entry wherever the bits start with its code.
    fn insert(&mut self, code: usize, length: u32, entry: u16) {
        if length <= FIRST_BITS {
            for slot in self.first[code..].iter_mut().step_by(1 << length) {
                *slot = entry;
            }
            return;
        }
        let first = &mut self.first[code % (1 << FIRST_BITS)];
        if *first == 0 {
            let table = self.rest.len() >> self.rest_bits;
            *first = (table as u16) << 4 | (FIRST_BITS + 1) as u16;
            self.rest.resize(self.rest.len() + (1 << self.rest_bits), 0);
        }
        let table = usize::from(*first >> 4) << self.rest_bits;
        let slots = &mut self.rest[table..table + (1 << self.rest_bits)];
        for slot in slots[code >> FIRST_BITS..].iter_mut().step_by(1 << (length - FIRST_BITS)) {
            *slot = entry;
        }
    }

    /// The entry for these bits.
    #[inline]
    fn entry(&self, bits: u64) -> u16 {
        let entry = self.first[bits as usize % (1 << FIRST_BITS)];
        if u32::from(entry & 15) <= FIRST_BITS {
            return entry;
        }
        let within = (bits >> FIRST_BITS) as usize & ((1 << self.rest_bits) - 1);
        self.rest[(usize::from(entry >> 4) << self.rest_bits) + within]
    }
}

/// The next bits of the input, the first one lowest.
#[derive(Clone, Copy)]
struct Bits {
    /// The next `count` bits, and above them nothing or what follows them.
    bits: u64,
    count: u32,
}

impl Bits {
    /// Takes bits that are there, up to 32, as a number.
    #[inline]
    fn take(&mut self, count: u32) -> usize {
        let value = self.bits & ((1 << count) - 1);
        self.drop(count);
        value as usize
    }

    /// Takes a symbol that is there; `None` if these bits are none.
    #[inline]
    fn symbol(&mut self, code: &Huffman) -> Option<usize> {
        let entry = code.entry(self.bits);
        self.drop(u32::from(entry & 15));
        (entry & 15 > 0).then_some(usize::from(entry >> 4))
    }

    #[inline]
    fn drop(&mut self, count: u32) {
        self.bits >>= count;
        self.count -= count;
    }

    /// Adds bytes until there are at least 56 bits, and returns how many it added.
    #[inline]
    fn fill(&mut self, word: [u8; 8]) -> usize {
        self.bits |= u64::from_le_bytes(word) << self.count;
        let bytes = (63 - self.count) / 8;
        self.count += bytes * 8;
        bytes as usize
    }
}

/// The input, bit by bit from each byte's lowest.
struct BitReader {
    input: Input,
    piece: Bytes,
    position: usize,
    next: Bits,
}

impl BitReader {
    /// Takes up to 32 bits as a number.
    #[inline]
    fn take(&mut self, count: u32) -> Result<usize, ChannelError> {
        if self.next.count < count {
            self.refill();
            if self.next.count < count {
                return Err(ChannelError::Truncated);
            }
        }
        Ok(self.next.take(count))
    }

    /// Takes a symbol of the code.
    fn symbol(&mut self, code: &Huffman) -> Result<usize, ChannelError> {
        if self.next.count < 15 {
            self.refill();
        }
        let length = u32::from(code.entry(self.next.bits) & 15);
        if self.next.count < length.max(code.shortest) {
            return Err(ChannelError::Truncated);
        }
        self.next.symbol(code).ok_or(ChannelError::Corrupt)
    }

    /// Gets at least 56 bits, or all that are left.
    #[inline]
    fn refill(&mut self) {
        match self.piece[self.position..].first_chunk() {
            Some(word) => self.position += self.next.fill(*word),
            None => self.refill_slowly(),
        }
    }

    #[cold]
    fn refill_slowly(&mut self) {
        while self.next.count <= 56 {
            let Some(byte) = self.next_input() else { break };
            self.next.bits |= u64::from(byte) << self.next.count;
            self.next.count += 8;
        }
    }

    fn next_input(&mut self) -> Option<u8> {
        if self.position == self.piece.len() {
            self.piece = self.input.next_slice(usize::MAX)?;
            self.position = 0;
        }
        self.position += 1;
        Some(self.piece[self.position - 1])
    }

    /// Drops what is left of a byte.
    fn align(&mut self) {
        self.next.drop(self.next.count % 8);
    }

    /// The next byte; only when aligned.
    fn next_byte(&mut self) -> Option<u8> {
        if self.next.count == 0 {
            self.next.bits = 0;
            return self.next_input();
        }
        Some(self.next.take(8) as u8)
    }
}
