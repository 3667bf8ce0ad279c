//! The trie of a state or of an account's storage.

use crate::{
    EMPTY_ROOT, NodeSource, TrieError,
    decode::{ChildView, NodeView},
    encode,
    path::{KEY_NIBBLES, nibble, shared_nibbles, with_nibble},
    reference::Reference,
};
use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::{B256, keccak256};
use core::mem;

/// A Merkle-Patricia trie with keys of 32 bytes, of which only the touched paths are in memory.
///
/// Keys are hashes (rule X60), hence all of one length, and no branch ever holds a value.
///
/// Every operation first opens the nodes that it needs, then changes the trie: after an error from the source the trie
/// holds what it held before, and the operation can be tried again.
///
/// Nodes lie in one arena. A node's reference (its hash) is kept beside it from when it is opened or hashed until
/// something below it changes, so [`Trie::root`] costs the changed paths and nothing else. Memory: about 105 bytes a
/// node, and as much for each child of an opened branch.
#[derive(Clone, Debug)]
pub struct Trie {
    /// The root as it was when last hashed.
    root: B256,
    /// The arena; empty until the first operation.
    cells: Vec<Cell>,
    /// Slots that can be used again.
    vacant: Vec<Slot>,
    /// Slots from the root down to where the latest descent ended.
    descent: Vec<Slot>,
    /// Where nodes are encoded.
    scratch: Vec<u8>,
}

/// Index of a node in the arena.
type Slot = u32;

/// The root's slot, for ever: a change of structure moves nodes between slots, not the slots of their parents.
const ROOT: Slot = 0;

/// No child. The root is nobody's child, so its slot is free to mean this.
const NONE: Slot = ROOT;

/// A node beside its reference.
#[derive(Clone, Debug)]
struct Cell {
    /// `None` when the node has changed, and then its ancestors' references are `None` too.
    reference: Option<Reference>,
    node: Node,
}

/// A node in memory.
///
/// Leaves and extensions hold the key from its first nibble on; where their own path begins follows from where they
/// hang. Comparing needs no shifting, and joining or cutting paths moves nodes without rewriting them.
#[derive(Clone, Debug, Default)]
enum Node {
    /// The whole trie is empty, or the slot is vacant.
    #[default]
    Empty,
    /// Known by its reference only.
    Closed,
    Leaf {
        key: B256,
        value: Value,
    },
    /// A path that ends before nibble `end` of `prefix`, where the child, a branch, begins.
    Extension {
        prefix: B256,
        end: u8,
        child: Slot,
    },
    /// Two children or more.
    Branch([Slot; 16]),
}

/// A value, in the node itself where it fits: storage values take 33 bytes at most.
#[derive(Clone, Debug)]
enum Value {
    Inline { len: u8, bytes: [u8; 38] },
    Boxed(Box<[u8]>),
}

impl Trie {
    /// The trie with this root. Nothing is asked for until a key is.
    pub const fn at(root: B256) -> Self {
        Self { root, cells: Vec::new(), vacant: Vec::new(), descent: Vec::new(), scratch: Vec::new() }
    }

    /// The trie without keys.
    pub const fn empty() -> Self {
        Self::at(EMPTY_ROOT)
    }

    /// The value of `key`, if it has one.
    pub fn get<S: NodeSource>(&mut self, key: &B256, source: &mut S) -> Result<Option<&[u8]>, TrieError<S::Error>> {
        let (slot, _) = self.descend(key, source)?;
        Ok(match &self.cells[slot as usize].node {
            Node::Leaf { key: found, value } if found == key => Some(value.as_slice()),
            _ => None,
        })
    }

    /// Sets the value of `key`. An empty value is none: it removes the key.
    pub fn insert<S: NodeSource>(
        &mut self,
        key: &B256,
        value: &[u8],
        source: &mut S,
    ) -> Result<(), TrieError<S::Error>> {
        if value.is_empty() {
            return self.remove(key, source).map(drop);
        }
        let (slot, depth) = self.descend(key, source)?;
        match &mut self.cells[slot as usize].node {
            Node::Leaf { key: found, value: old } if found == key => {
                if old.as_slice() == value {
                    return Ok(());
                }
                *old = Value::new(value);
            }
            Node::Empty => self.cells[slot as usize].node = Node::Leaf { key: *key, value: Value::new(value) },
            Node::Branch(_) => {
                let leaf = self.push(Node::Leaf { key: *key, value: Value::new(value) }, None);
                self.set_child(slot, nibble(key.as_slice(), depth), leaf);
            }
            Node::Leaf { .. } | Node::Extension { .. } => self.fork(slot, depth, key, value),
            Node::Closed => unreachable!("a descent opens every node on its way"),
        }
        self.forget_references();
        Ok(())
    }

    /// Removes `key`; answers whether it had a value.
    ///
    /// A branch left with one child is replaced by it, for which that child must be known: it is asked for then, and
    /// only then. Who changes several keys should insert before removing, so that no branch is folded on the way
    /// that the end result still has: the sibling's preimage may be one that no other client ever asked for.
    pub fn remove<S: NodeSource>(&mut self, key: &B256, source: &mut S) -> Result<bool, TrieError<S::Error>> {
        let (slot, depth) = self.descend(key, source)?;
        if !matches!(&self.cells[slot as usize].node, Node::Leaf { key: found, .. } if found == key) {
            return Ok(false);
        }
        if slot == ROOT {
            self.cells[ROOT as usize].node = Node::Empty;
        } else {
            self.descent.pop();
            let branch = self.descent.last().copied().unwrap_or(ROOT);
            match self.only_sibling(branch, slot) {
                Some((index, sibling)) => {
                    let prefix = with_nibble(*key, depth - 1, index);
                    self.open(sibling, branch, &prefix, depth, source)?;
                    self.fold(branch, sibling, prefix, depth);
                }
                None => self.set_child(branch, nibble(key.as_slice(), depth - 1), NONE),
            }
            self.release(slot);
        }
        self.forget_references();
        Ok(true)
    }

    /// The root hash. Hashes the nodes that changed since it was last asked for.
    pub fn root(&mut self) -> B256 {
        self.commit(|_, _| ())
    }

    /// The root hash, and each node hashed for it: `sink` receives hash and encoding, children before parents.
    ///
    /// These are the nodes changed since the last `root` or `commit`. Nodes embedded in their parents have no hash of
    /// their own and are not given; the empty trie has no node.
    pub fn commit(&mut self, mut sink: impl FnMut(B256, &[u8])) -> B256 {
        if matches!(self.cells.first(), Some(Cell { reference: None, .. })) {
            let mut scratch = mem::take(&mut self.scratch);
            self.root = self.hash(ROOT, 0, &mut scratch, &mut sink).hash();
            self.scratch = scratch;
        }
        self.root
    }

    /// Opens the way to `key` as far as it exists; answers its last slot and the depth at which that hangs.
    ///
    /// The way ends at the empty trie, at a branch without a child there, at an extension that leads elsewhere, or at
    /// a leaf, be it the key's or another's.
    fn descend<S: NodeSource>(&mut self, key: &B256, source: &mut S) -> Result<(Slot, usize), TrieError<S::Error>> {
        if self.cells.is_empty() {
            let node = if self.root == EMPTY_ROOT { Node::Empty } else { Node::Closed };
            self.push(node, Some(Reference::Hash(self.root)));
        }
        self.descent.clear();
        let (mut parent, mut slot, mut depth) = (ROOT, ROOT, 0);
        loop {
            self.open(slot, parent, key, depth, source)?;
            self.descent.push(slot);
            let (child, below) = match &self.cells[slot as usize].node {
                Node::Branch(children) => (children[usize::from(nibble(key.as_slice(), depth))], depth + 1),
                Node::Extension { prefix, end, child }
                    if shared_nibbles(key.as_slice(), prefix.as_slice()) >= usize::from(*end) =>
                {
                    (*child, usize::from(*end))
                }
                _ => return Ok((slot, depth)),
            };
            if child == NONE {
                return Ok((slot, depth));
            }
            (parent, slot, depth) = (slot, child, below);
        }
    }

    /// Opens the node at `slot` if it is closed. It hangs below `parent` at `depth`, under the first nibbles of `key`.
    fn open<S: NodeSource>(
        &mut self,
        slot: Slot,
        parent: Slot,
        key: &B256,
        depth: usize,
        source: &mut S,
    ) -> Result<(), TrieError<S::Error>> {
        let Cell { node: Node::Closed, reference: Some(reference) } = &self.cells[slot as usize] else {
            return Ok(());
        };
        let below_extension = matches!(self.cells[parent as usize].node, Node::Extension { .. });
        match reference.clone() {
            Reference::Hash(hash) => {
                let encoding = source.node(hash).map_err(TrieError::Source)?;
                let in_place = encoding.len() >= 32 || slot == ROOT;
                let view = NodeView::decode(&encoding).filter(|_| in_place);
                view.and_then(|view| self.place(slot, &view, key, depth, below_extension))
                    .ok_or(TrieError::Malformed(hash))
            }
            Reference::Embedded { len, bytes } => {
                let encoding = &bytes[..usize::from(len)];
                let view = NodeView::decode(encoding);
                view.and_then(|view| self.place(slot, &view, key, depth, below_extension))
                    .ok_or_else(|| TrieError::Malformed(keccak256(encoding)))
            }
        }
    }

    /// Puts a decoded node into its slot, and its children as closed nodes into slots of their own.
    ///
    /// `None`, and nothing done, if such a node can't hang there: keys have 64 nibbles, and below an extension is a
    /// branch. This bounds the depth of every trie.
    fn place(&mut self, slot: Slot, view: &NodeView, key: &B256, depth: usize, below_extension: bool) -> Option<()> {
        let node = match view {
            NodeView::Branch { children } if depth < KEY_NIBBLES => {
                Node::Branch(children.map(|child| child.map_or(NONE, |child| self.push_closed(child))))
            }
            _ if below_extension => return None,
            NodeView::Leaf { path, value } if depth + path.nibbles() == KEY_NIBBLES => {
                Node::Leaf { key: path.written_into(*key, depth), value: Value::new(value) }
            }
            NodeView::Extension { path, child } if depth + path.nibbles() < KEY_NIBBLES => Node::Extension {
                prefix: path.written_into(*key, depth),
                end: (depth + path.nibbles()) as u8,
                child: self.push_closed(*child),
            },
            _ => return None,
        };
        self.cells[slot as usize].node = node;
        Some(())
    }

    /// Replaces the leaf or extension at `slot` by a branch, below an extension if need be, where it and `key` part.
    fn fork(&mut self, slot: Slot, depth: usize, key: &B256, value: &[u8]) {
        let old = mem::take(&mut self.cells[slot as usize].node);
        let &(Node::Leaf { key: old_key, .. } | Node::Extension { prefix: old_key, .. }) = &old else {
            unreachable!("only paths are cut");
        };
        let parting = shared_nibbles(key.as_slice(), old_key.as_slice());
        let old_child = match old {
            Node::Extension { end, child, .. } if usize::from(end) == parting + 1 => child,
            _ => self.push(old, None),
        };
        let mut children = [NONE; 16];
        children[usize::from(nibble(old_key.as_slice(), parting))] = old_child;
        children[usize::from(nibble(key.as_slice(), parting))] =
            self.push(Node::Leaf { key: *key, value: Value::new(value) }, None);
        let branch = Node::Branch(children);
        self.cells[slot as usize].node = if parting == depth {
            branch
        } else {
            Node::Extension { prefix: *key, end: parting as u8, child: self.push(branch, None) }
        };
    }

    /// Replaces a branch, and the extension above it if there is one, by its last child, which hangs at `depth` under
    /// the first nibbles of `prefix` and is open.
    fn fold(&mut self, branch: Slot, child: Slot, prefix: B256, depth: usize) {
        self.descent.pop();
        let top = match self.descent.last() {
            Some(&above) if matches!(self.cells[above as usize].node, Node::Extension { .. }) => {
                self.release(branch);
                above
            }
            _ => {
                self.descent.push(branch);
                branch
            }
        };
        self.cells[top as usize].node = if matches!(self.cells[child as usize].node, Node::Branch(_)) {
            Node::Extension { prefix, end: depth as u8, child }
        } else {
            self.release(child)
        };
    }

    /// The child, with its index, that `branch` is left with when it loses `slot`; `None` if it keeps several.
    fn only_sibling(&self, branch: Slot, slot: Slot) -> Option<(u8, Slot)> {
        let Node::Branch(children) = &self.cells[branch as usize].node else {
            unreachable!("a leaf that is not the root hangs below a branch");
        };
        let mut others = (0..).zip(*children).filter(|&(_, child)| child != NONE && child != slot);
        let first = others.next();
        if others.next().is_some() { None } else { first }
    }

    fn set_child(&mut self, branch: Slot, index: u8, child: Slot) {
        if let Node::Branch(children) = &mut self.cells[branch as usize].node {
            children[usize::from(index)] = child;
        }
    }

    /// Forgets the references along the latest descent. Above a changed node all are forgotten already.
    fn forget_references(&mut self) {
        for &slot in self.descent.iter().rev() {
            if self.cells[slot as usize].reference.take().is_none() {
                break;
            }
        }
    }

    fn push(&mut self, node: Node, reference: Option<Reference>) -> Slot {
        if let Some(slot) = self.vacant.pop() {
            self.cells[slot as usize] = Cell { reference, node };
            return slot;
        }
        // Four billion nodes would fill 400 GiB first.
        let slot = self.cells.len() as Slot;
        self.cells.push(Cell { reference, node });
        slot
    }

    fn push_closed(&mut self, child: ChildView) -> Slot {
        let reference = match child {
            ChildView::Hash(hash) => Reference::Hash(*hash),
            ChildView::Embedded(encoding) => Reference::to(encoding),
        };
        self.push(Node::Closed, Some(reference))
    }

    /// Empties a slot for another use and hands out what was in it.
    fn release(&mut self, slot: Slot) -> Node {
        self.cells[slot as usize].reference = None;
        self.vacant.push(slot);
        mem::take(&mut self.cells[slot as usize].node)
    }

    /// The reference of the node at `slot`, which hangs at `depth`; hashes what changed below. Recursion ends with the
    /// key's 64 nibbles.
    fn hash(&mut self, slot: Slot, depth: usize, out: &mut Vec<u8>, sink: &mut impl FnMut(B256, &[u8])) -> &Reference {
        let start = out.len();
        let mut encoding = start;
        match self.cells[slot as usize].node {
            Node::Empty => encode::empty(out),
            Node::Closed => unreachable!("a closed node keeps its reference"),
            Node::Leaf { ref key, ref value } => encode::leaf(out, key.as_slice(), depth, value.as_slice()),
            Node::Extension { prefix, end, child } => {
                encode::begin_extension(out, prefix.as_slice(), depth, end.into());
                if self.has_changed(child) {
                    self.hash(child, end.into(), out, sink);
                }
                self.encode_child(child, out);
                encoding = encode::end(out, start);
            }
            Node::Branch(children) => {
                encode::begin_branch(out);
                // All are looked at before the first is hashed: the processor waits for their memory once.
                let changed = children.map(|child| self.has_changed(child));
                for (child, changed) in children.into_iter().zip(changed) {
                    if changed {
                        self.hash(child, depth + 1, out, sink);
                    }
                    self.encode_child(child, out);
                }
                encode::empty(out);
                encoding = encode::end(out, start);
            }
        }
        let encoding = &out[encoding..];
        let reference = self.cells[slot as usize].reference.insert(Reference::to(encoding));
        reference.give(encoding, slot == ROOT, sink);
        out.truncate(start);
        reference
    }

    /// Whether `child` is to be hashed. The node itself is read along with its reference to have it at hand then.
    fn has_changed(&self, child: Slot) -> bool {
        let Cell { reference, node } = &self.cells[child as usize];
        child != NONE && reference.is_none() & !matches!(node, Node::Closed)
    }

    /// Appends a child's reference, known by now, to its parent's encoding.
    fn encode_child(&self, child: Slot, out: &mut Vec<u8>) {
        match &self.cells[child as usize].reference {
            _ if child == NONE => encode::empty(out),
            Some(reference) => reference.encode(out),
            None => unreachable!("children are hashed before their parents are encoded"),
        }
    }
}

impl Value {
    fn new(value: &[u8]) -> Self {
        let mut bytes = [0; 38];
        match bytes.get_mut(..value.len()) {
            Some(head) => {
                head.copy_from_slice(value);
                Self::Inline { len: value.len() as u8, bytes }
            }
            None => Self::Boxed(value.into()),
        }
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Boxed(bytes) => bytes,
        }
    }
}
