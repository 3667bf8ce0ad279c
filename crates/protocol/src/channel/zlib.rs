use super::{ChannelError, End, inflate::Inflate, input::Input};

/// The zlib format (RFC 1950) as Go's `compress/zlib` reads it: the check sum is compared after the last byte has been
/// handed out, and what follows it is ignored.
pub(super) struct Zlib {
    inflate: Inflate,
    checksum: Adler32,
    end: Option<End>,
}

impl Zlib {
    /// Reads the header.
    pub(super) fn new(input: Input) -> Result<Self, ChannelError> {
        let mut inflate = Inflate::new(input);
        let [method, flags] = inflate.read_bytes().ok_or(ChannelError::Truncated)?;
        let is_valid = method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]) % 31 == 0;
        if !is_valid {
            return Err(ChannelError::Corrupt);
        }
        let has_dictionary = flags & 0x20 != 0;
        // The only dictionary that anyone knows here is the empty one.
        if has_dictionary && inflate.read_bytes().ok_or(ChannelError::Truncated)? != Adler32::EMPTY {
            return Err(ChannelError::Corrupt);
        }
        Ok(Self { inflate, checksum: Adler32::new(), end: None })
    }

    /// See [`super::Decompressor::read`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> (usize, Option<End>) {
        if self.end.is_some() {
            return (0, self.end);
        }
        let (read, mut end) = self.inflate.read(out);
        self.checksum.update(&out[..read]);
        if end == Some(End::Complete) {
            end = Some(match self.inflate.read_bytes() {
                Some(expected) if expected == self.checksum.finish() => End::Complete,
                Some(_) => End::Failed(ChannelError::Corrupt),
                None => End::Failed(ChannelError::Truncated),
            });
        }
        self.end = end;
        (read, end)
    }

    /// See [`super::Decompressor::is_held_up`].
    pub(super) fn is_held_up(&self) -> bool {
        self.inflate.is_held_up()
    }
}

/// The Adler-32 check sum.
struct Adler32 {
    a: u32,
    b: u32,
}

impl Adler32 {
    const MODULUS: u32 = 65521;

    /// How many bytes can be added before a sum may overflow 32 bits.
    const CHUNK: usize = 5552;

    /// How many bytes are added at once.
    const BLOCK: usize = 32;

    /// The sum of nothing.
    const EMPTY: [u8; 4] = [0, 0, 0, 1];

    const fn new() -> Self {
        Self { a: 1, b: 0 }
    }

    fn update(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(Self::CHUNK) {
            // The bytes of a block don't wait for one another, so that they are summed side by side.
            let (blocks, rest) = chunk.as_chunks::<{ Self::BLOCK }>();
            for block in blocks {
                let (mut sum, mut weighted) = (0, 0);
                for (index, byte) in block.iter().enumerate() {
                    sum += u32::from(*byte);
                    weighted += u32::from(*byte) * (Self::BLOCK - index) as u32;
                }
                self.b += Self::BLOCK as u32 * self.a + weighted;
                self.a += sum;
            }
            for byte in rest {
                self.a += u32::from(*byte);
                self.b += self.a;
            }
            self.a %= Self::MODULUS;
            self.b %= Self::MODULUS;
        }
    }

    const fn finish(&self) -> [u8; 4] {
        (self.b << 16 | self.a).to_be_bytes()
    }
}
