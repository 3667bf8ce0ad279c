use alloy_primitives::Bytes;

/// Bytes that a blob carries.
pub const BLOB_CAPACITY: usize = (4 * 31 + 3) * 1024 - 4;

/// Packs up to [`BLOB_CAPACITY`] bytes into a blob. A field element's first byte has only six bits to give; three of
/// the bytes of a round are spread over four of those.
///
/// # Panics
///
/// If there are more bytes.
pub fn blob(data: &[u8]) -> Bytes {
    assert!(data.len() <= BLOB_CAPACITY, "a blob carries {BLOB_CAPACITY} bytes");
    let length = (data.len() as u32).to_be_bytes();
    // A version byte, three bytes of length, the data, then zeros without end.
    let mut stream =
        [0, length[1], length[2], length[3]].into_iter().chain(data.iter().copied()).chain(std::iter::repeat(0));
    let mut blob = Vec::with_capacity(131_072);
    for _ in 0..1024 {
        let mut elements = [[0; 32]; 4];
        let mut spread = [0; 3];
        for (index, element) in elements.iter_mut().enumerate() {
            element[1..].fill_with(|| stream.next().unwrap_or_default());
            if let Some(byte) = spread.get_mut(index) {
                *byte = stream.next().unwrap_or_default();
            }
        }
        let [x, y, z] = spread;
        elements[0][0] = x & 0x3f;
        elements[1][0] = y & 0x0f | (x & 0xc0) >> 2;
        elements[2][0] = z & 0x3f;
        elements[3][0] = (z & 0xc0) >> 2 | (y & 0xf0) >> 4;
        blob.extend(elements.concat());
    }
    blob.into()
}
