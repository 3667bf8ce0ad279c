use alloc::vec::Vec;
use alloy_primitives::{
    B256, Bytes,
    map::{B256Map, Entry},
};
use kohala_trie::{NodeSource, Trie};

/// Trie nodes that were made here, by hash.
///
/// The source is not asked for these. A trie opened from below can lead to one: contracts of the same kind hold the
/// same leaves. op-program's client keeps its nodes too, so what its host records for a claim lacks them.
///
/// Most are never asked for. So they lie one after the other in a few large pieces of memory, and are copied out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pieces: Vec<Vec<u8>>,
    places: B256Map<Place>,
}

/// Where a node's encoding lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    piece: u32,
    start: u32,
    len: u32,
}

impl Made {
    /// Bytes of a piece. A node takes at most 532, unless its value is long.
    const PIECE: usize = 1 << 16;

    /// The root of a trie, whose new nodes are kept.
    pub(crate) fn commit(&mut self, trie: &mut Trie) -> B256 {
        trie.commit(|hash, node| self.keep(hash, node))
    }

    fn keep(&mut self, hash: B256, node: &[u8]) {
        let Entry::Vacant(place) = self.places.entry(hash) else { return };
        let has_room = |piece: &Vec<u8>| piece.capacity() - piece.len() >= node.len();
        if !self.pieces.last().is_some_and(has_room) {
            self.pieces.push(Vec::with_capacity(Self::PIECE.max(node.len())));
        }
        let number = self.pieces.len() - 1;
        let piece = &mut self.pieces[number];
        place.insert(Place { piece: number as u32, start: piece.len() as u32, len: node.len() as u32 });
        piece.extend_from_slice(node);
    }

    fn node(&self, hash: &B256) -> Option<Bytes> {
        let &Place { piece, start, len } = self.places.get(hash)?;
        let (start, len) = (start as usize, len as usize);
        Some(Bytes::copy_from_slice(&self.pieces[piece as usize][start..start + len]))
    }

    /// These nodes first, then those of `source`.
    pub(crate) const fn or<'a, S>(&'a self, source: &'a mut S) -> MadeOr<'a, S> {
        MadeOr { made: self, source }
    }
}

/// A source of nodes with the nodes that were made here before it.
pub(crate) struct MadeOr<'a, S> {
    made: &'a Made,
    source: &'a mut S,
}

impl<S: NodeSource> NodeSource for MadeOr<'_, S> {
    type Error = S::Error;

    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.made.node(&hash).map_or_else(|| self.source.node(hash), Ok)
    }
}
