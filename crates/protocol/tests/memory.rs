//! How much memory what a batcher posts takes at most while it is read. Alone in its file because it replaces the
//! allocator.

mod bombs;

use kohala_protocol::ChannelReader;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Buffers and tables, whatever is read with them.
const BUFFERS: usize = 200_000;

/// Runs `read` and returns how many bytes it had allocated at most.
fn peak(read: impl FnOnce()) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    read();
    MEMORY.peak_usage() - before
}

/// One test: the tests of a file run side by side, and would count each other's memory.
#[test]
fn memory_follows_what_arrives() {
    for bombs::Bomb { name, held, values, read } in bombs::bombs() {
        let used = peak(&read);
        // What grows is copied now and then: the old and the new are there at once.
        assert!(used <= 2 * held + BUFFERS, "{name}: {used} bytes for {values} values");
    }

    // A recorded channel of 2 kB, whose header allows a window of 4 MB.
    let cases = include_str!("../../../testdata/protocol/channels.txt");
    let (_, case) = cases.split_once("recorded: a brotli channel with a window of 4 MB\n").unwrap();
    let (_, channel) = case.lines().next().unwrap().split_once(' ').unwrap();
    let channel = alloy_primitives::hex::decode(channel).unwrap();
    let used = peak(|| {
        let mut reader = ChannelReader::new(vec![channel.into()], 100_000_000, true).unwrap();
        let item = reader.next_item().unwrap().unwrap();
        assert!(item.len() > 3000 && reader.next_item().is_none());
    });
    assert!(used < BUFFERS, "a brotli channel of 2 kB: {used}");
}
