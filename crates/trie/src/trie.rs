//! The trie of a state or of an account's storage.

use crate::{
    EMPTY_ROOT, NodeSource, TrieError,
    decode::take_children,
    encode,
    item::Item,
    node::{Branch, NONE, Node, Place, ROOT, Slot},
    path::{nibble, shared_nibbles, with_nibble},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use core::{hint, mem};

/// A Merkle-Patricia trie with keys of 32 bytes, of which only the touched paths are in memory.
///
/// Keys are hashes (rule X60), hence all of one length, and no branch ever holds a value.
///
/// Every operation first opens the nodes that it needs, then changes the trie: after an error from the source the trie
/// holds what it held before, and the operation can be tried again.
///
/// Opened nodes lie in one arena, about 100 bytes each, and keep the bytes that they were opened from: a branch's
/// children stay what they are there until a path leads to them. A node's hash stays with its parent until something in
/// or below it changes, so [`Trie::root`] costs the changed paths and nothing else.
#[derive(Clone, Debug)]
pub struct Trie {
    /// The root as it was when last hashed.
    root: B256,
    /// Whether it is another one now.
    has_changed: bool,
    /// The arena; empty until the first operation.
    nodes: Vec<Node>,
    /// Slots that can be used again.
    vacant: Vec<Slot>,
    /// Where the latest descent led, root first.
    descent: Vec<Step>,
    /// Where nodes are encoded.
    scratch: Vec<u8>,
}

/// A node on a path, and the depth at which it hangs.
#[derive(Clone, Copy, Debug)]
struct Step {
    slot: Slot,
    depth: usize,
}

impl Trie {
    /// The trie with this root. Nothing is asked for until a key is.
    pub const fn at(root: B256) -> Self {
        Self {
            root,
            has_changed: false,
            nodes: Vec::new(),
            vacant: Vec::new(),
            descent: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The trie without keys.
    pub const fn empty() -> Self {
        Self::at(EMPTY_ROOT)
    }

    /// The value of `key`, if it has one.
    pub fn get<S: NodeSource>(&mut self, key: &B256, source: &mut S) -> Result<Option<&[u8]>, TrieError<S::Error>> {
        let Step { slot, .. } = self.descend(key, source)?;
        Ok(match &self.nodes[slot as usize] {
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
        let Step { slot, depth } = self.descend(key, source)?;
        match &mut self.nodes[slot as usize] {
            Node::Leaf { key: found, value: old } if found == key && old.as_slice() == value => return Ok(()),
            Node::Leaf { key: found, .. } if found != key => self.fork(slot, depth, key, value),
            Node::Extension { .. } => self.fork(slot, depth, key, value),
            node @ (Node::Leaf { .. } | Node::Empty) => *node = Node::leaf(key, value),
            Node::Branch(_) => {
                let leaf = self.push(Node::leaf(key, value));
                self.branch(slot).set(nibble(key.as_slice(), depth), leaf);
            }
        }
        self.descent.pop();
        self.forget_items(key);
        Ok(())
    }

    /// Removes `key`; answers whether it had a value.
    ///
    /// A branch left with one child is replaced by it, for which that child must be known: it is asked for then, and
    /// only then. Who changes several keys should insert before removing, so that no branch is folded on the way
    /// that the end result still has: the sibling's preimage may be one that no other client ever asked for.
    pub fn remove<S: NodeSource>(&mut self, key: &B256, source: &mut S) -> Result<bool, TrieError<S::Error>> {
        let Step { slot, .. } = self.descend(key, source)?;
        if !self.nodes[slot as usize].is_leaf_of(key) {
            return Ok(false);
        }
        self.descent.pop();
        match self.descent.pop() {
            None => self.nodes[ROOT as usize] = Node::Empty,
            Some(Step { slot: branch, depth }) => {
                let index = nibble(key.as_slice(), depth);
                match self.branch(branch).only_sibling(index) {
                    Some(other) => {
                        let prefix = with_nibble(*key, depth, other);
                        let sibling = self.child(branch, &prefix, depth, source)?;
                        self.fold(branch, sibling, prefix, depth);
                    }
                    None => self.branch(branch).remove(index),
                }
                self.release(slot);
            }
        }
        self.forget_items(key);
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
        if mem::take(&mut self.has_changed) {
            let mut out = mem::take(&mut self.scratch);
            let start = self.encode(ROOT, 0, &mut out, &mut sink);
            self.root = keccak256(&out[start..]);
            if self.root != EMPTY_ROOT {
                sink(self.root, &out[start..]);
            }
            out.clear();
            self.scratch = out;
        }
        self.root
    }

    /// Opens the way to `key` as far as it exists; answers its last step.
    ///
    /// The way ends at the empty trie, at a branch without a child there, at an extension that leads elsewhere, or at
    /// a leaf, be it the key's or another's.
    fn descend<S: NodeSource>(&mut self, key: &B256, source: &mut S) -> Result<Step, TrieError<S::Error>> {
        if self.nodes.is_empty() {
            let root = match self.root {
                EMPTY_ROOT => Node::Empty,
                root => open(&Item::hash(root), key, Place { depth: 0, below_extension: false }, source)?,
            };
            self.nodes.push(root);
        }
        self.descent.clear();
        let mut step = Step { slot: ROOT, depth: 0 };
        loop {
            self.descent.push(step);
            let Step { slot, depth } = step;
            step = match &self.nodes[slot as usize] {
                Node::Branch(branch) if branch.is_present(nibble(key.as_slice(), depth)) => {
                    Step { slot: self.child(slot, key, depth, source)?, depth: depth + 1 }
                }
                Node::Extension { prefix, end, .. }
                    if shared_nibbles(key.as_slice(), prefix.as_slice()) >= usize::from(*end) =>
                {
                    let depth = usize::from(*end);
                    Step { slot: self.child(slot, key, depth, source)?, depth }
                }
                _ => return Ok(step),
            };
        }
    }

    /// The child of a branch or an extension on the way to `key`, opened if it was not. The branch hangs at `depth`, the
    /// extension ends there.
    fn child<S: NodeSource>(
        &mut self,
        parent: Slot,
        key: &B256,
        depth: usize,
        source: &mut S,
    ) -> Result<Slot, TrieError<S::Error>> {
        let index = nibble(key.as_slice(), depth);
        let (item, place) = match &self.nodes[parent as usize] {
            Node::Branch(branch) if branch.children[usize::from(index)] == NONE => {
                (branch.item(index), Place { depth: depth + 1, below_extension: false })
            }
            Node::Branch(branch) => return Ok(branch.children[usize::from(index)]),
            Node::Extension { child: NONE, item, .. } => (item.clone(), Place { depth, below_extension: true }),
            &Node::Extension { child, .. } => return Ok(child),
            _ => unreachable!("only branches and extensions have children"),
        };
        let node = open(&item, key, place, source)?;
        let opened = self.push(node);
        match &mut self.nodes[parent as usize] {
            Node::Extension { child, .. } => *child = opened,
            _ => self.branch(parent).children[usize::from(index)] = opened,
        }
        Ok(opened)
    }

    /// Replaces the leaf or extension at `slot` by a branch, below an extension if need be, where it and `key` part.
    fn fork(&mut self, slot: Slot, depth: usize, key: &B256, value: &[u8]) {
        let old = mem::take(&mut self.nodes[slot as usize]);
        let &(Node::Leaf { key: old_key, .. } | Node::Extension { prefix: old_key, .. }) = &old else {
            unreachable!("only paths are cut");
        };
        let parting = shared_nibbles(key.as_slice(), old_key.as_slice());
        let [old_index, index] = [&old_key, key].map(|key| nibble(key.as_slice(), parting));
        let mut branch = Branch::new();
        match old {
            Node::Extension { end, item, child, .. } if usize::from(end) == parting + 1 => {
                branch.adopt(old_index, &item, child);
            }
            _ => branch.set(old_index, self.push(old)),
        }
        branch.set(index, self.push(Node::leaf(key, value)));
        let branch = Node::Branch(branch);
        self.nodes[slot as usize] = if parting == depth {
            branch
        } else {
            let child = self.push(branch);
            Node::Extension { prefix: *key, end: parting as u8, item: Item::UNKNOWN, child }
        };
    }

    /// Replaces a branch at `depth`, and the extension above it if there is one, by its last child, which lies under the
    /// first nibbles of `prefix`.
    fn fold(&mut self, branch: Slot, child: Slot, prefix: B256, depth: usize) {
        let item = self.branch(branch).item(nibble(prefix.as_slice(), depth));
        let top = match self.descent.last() {
            Some(above) if matches!(self.nodes[above.slot as usize], Node::Extension { .. }) => {
                let above = above.slot;
                self.descent.pop();
                self.release(branch);
                above
            }
            _ => branch,
        };
        self.nodes[top as usize] = if matches!(self.nodes[child as usize], Node::Branch(_)) {
            Node::Extension { prefix, end: depth as u8 + 1, item, child }
        } else {
            self.release(child)
        };
    }

    /// Forgets the items on the latest descent that lead to `key`. Above a forgotten item all are forgotten already.
    fn forget_items(&mut self, key: &B256) {
        self.has_changed = true;
        for &Step { slot, depth } in self.descent.iter().rev() {
            let was_forgotten = match &mut self.nodes[slot as usize] {
                Node::Branch(branch) => branch.forget(nibble(key.as_slice(), depth)),
                Node::Extension { item, .. } => !mem::replace(item, Item::UNKNOWN).is_known(),
                _ => unreachable!("only branches and extensions have children"),
            };
            if was_forgotten {
                break;
            }
        }
    }

    fn branch(&mut self, slot: Slot) -> &mut Branch {
        match &mut self.nodes[slot as usize] {
            Node::Branch(branch) => branch,
            _ => unreachable!("a leaf that is not the root hangs below a branch"),
        }
    }

    fn push(&mut self, node: Node) -> Slot {
        if let Some(slot) = self.vacant.pop() {
            self.nodes[slot as usize] = node;
            return slot;
        }
        // Four billion nodes would fill 400 GiB first.
        let slot = self.nodes.len() as Slot;
        self.nodes.push(node);
        slot
    }

    /// Empties a slot for another use and hands out what was in it.
    fn release(&mut self, slot: Slot) -> Node {
        self.vacant.push(slot);
        mem::take(&mut self.nodes[slot as usize])
    }

    /// Appends the encoding of the node at `slot`, which hangs at `depth`, after hashing what changed below. Answers
    /// where the encoding begins. Recursion ends with the key's 64 nibbles.
    fn encode(&mut self, slot: Slot, depth: usize, out: &mut Vec<u8>, sink: &mut impl FnMut(B256, &[u8])) -> usize {
        let start = out.len();
        match &mut self.nodes[slot as usize] {
            Node::Empty => {
                encode::empty(out);
                start
            }
            Node::Leaf { key, value } => {
                encode::leaf(out, key.as_slice(), depth, value.as_slice());
                start
            }
            &mut Node::Extension { prefix, end, ref item, child } => {
                encode::begin_extension(out, prefix.as_slice(), depth, end.into());
                let begin = out.len();
                if item.is_known() {
                    out.extend_from_slice(item.as_slice());
                } else {
                    self.append_item(child, end.into(), out, sink);
                    if let Node::Extension { item, .. } = &mut self.nodes[slot as usize] {
                        *item = Item::new(&out[begin..]);
                    }
                }
                encode::end(out, start)
            }
            Node::Branch(branch) => {
                let mut branch = mem::replace(branch, Branch::new());
                self.touch_children(&branch);
                encode::begin_branch(out);
                let mut items = branch.items();
                let mut next = 0;
                for index in (0..16).filter(|&index| branch.has_changed(index)) {
                    out.extend_from_slice(take_children(&mut items, index - next));
                    take_children(&mut items, 1);
                    if branch.is_present(index) {
                        self.append_item(branch.children[usize::from(index)], depth + 1, out, sink);
                    } else {
                        encode::empty(out);
                    }
                    next = index + 1;
                }
                out.extend_from_slice(items);
                let encoding = encode::end(out, start);
                branch.keep(&out[encoding..]);
                self.nodes[slot as usize] = Node::Branch(branch);
                encoding
            }
        }
    }

    /// Reads from the changed children of `branch`, to have the processor wait for their memory together instead of for
    /// one after another between their hashes.
    fn touch_children(&self, branch: &Branch) {
        for child in branch.changed_children() {
            let node = &self.nodes[child as usize];
            let last = if let Node::Leaf { value, .. } = node { value.as_slice().last() } else { None };
            hint::black_box((mem::discriminant(node), last));
        }
    }

    /// Appends the item that names the node at `slot`, which hangs at `depth`, after hashing it.
    fn append_item(&mut self, slot: Slot, depth: usize, out: &mut Vec<u8>, sink: &mut impl FnMut(B256, &[u8])) {
        let start = out.len();
        let encoding = self.encode(slot, depth, out, sink);
        Item::replace(out, start, encoding, sink);
    }
}

/// The node of this name, asked for unless it is its own name. It hangs there under the first nibbles of `key`.
fn open<S: NodeSource>(item: &Item, key: &B256, place: Place, source: &mut S) -> Result<Node, TrieError<S::Error>> {
    match item.as_hash() {
        Some(hash) => {
            let encoding = source.node(hash).map_err(TrieError::Source)?;
            let in_place = encoding.len() >= 32 || place.depth == 0;
            let node = if in_place { Node::decode(encoding, key, place) } else { None };
            node.ok_or(TrieError::Malformed(hash))
        }
        None => {
            let encoding = Bytes::copy_from_slice(item.as_slice());
            Node::decode(encoding, key, place).ok_or_else(|| TrieError::Malformed(keccak256(item.as_slice())))
        }
    }
}
