//! Where a program's steps go: by function, and by the calls that led there.

use crate::elf::Symbol;
use alloy_primitives::map::{HashMap, HashSet};
use std::io::{self, Write};

/// What an instruction means for calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// Nothing. Where it leads to another function it is a call that takes its caller's place.
    #[default]
    None,
    /// It calls, if it leads to where a function begins.
    Call,
    /// It returns to whoever has called.
    Return,
}

/// Steps counted by function and by calls, for each thread from its first step on.
///
/// A function reaches from its symbol to the next one. What lies before the first belongs to none, and is called `?`.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Name and start, by start; the first stands for what belongs to no function.
    functions: Vec<(String, u64)>,
    nodes: Vec<Node>,
    threads: HashMap<u64, Thread>,
    /// Whether one more instruction is executed before a turn is taken.
    is_delayed: bool,
}

/// A function reached by certain calls.
#[derive(Debug, Clone, Default)]
struct Node {
    function: usize,
    parent: usize,
    children: HashMap<usize, usize>,
    /// Steps in the function itself.
    steps: u64,
}

/// Where a thread is.
#[derive(Debug, Clone, Copy, Default)]
struct Thread {
    node: usize,
    /// Where the function begins and ends.
    start: u64,
    end: u64,
    /// The turn that the next step begins with.
    coming: Turn,
    /// The turn that the step after it begins with.
    after: Turn,
}

/// The steps of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSteps<'a> {
    /// The function's name.
    pub name: &'a str,
    /// Steps in the function itself.
    pub own: u64,
    /// Steps in it and in all that it calls.
    pub total: u64,
}

/// The node that threads begin at, which is no function's.
const ROOT: usize = 0;

impl Profile {
    /// Nothing counted yet. `is_delayed` says that a branch is taken only behind the instruction that follows it.
    pub fn new(symbols: &[Symbol], is_delayed: bool) -> Self {
        // A compiler's own labels begin so, and lie within functions.
        let is_label = |name: &str| name.is_empty() || name.starts_with(".L") || name.starts_with('$');
        let named = symbols.iter().filter(|symbol| !is_label(&symbol.name));
        let mut functions: Vec<_> = named.map(|symbol| (symbol.name.clone(), symbol.start)).collect();
        functions.sort_by_key(|(_, start)| *start);
        functions.dedup_by_key(|(_, start)| *start);
        if functions.first().is_none_or(|(_, start)| *start > 0) {
            functions.insert(0, ("?".to_owned(), 0));
        }
        let root = Node { function: usize::MAX, ..Node::default() };
        Self { functions, nodes: vec![root], threads: HashMap::default(), is_delayed }
    }

    /// Counts a step of `thread` at `pc`, whose instruction means `turn`.
    pub fn step(&mut self, thread: u64, pc: u64, turn: Turn) {
        let at = self.threads.entry(thread).or_default();
        let coming = std::mem::take(&mut at.coming);
        (at.coming, at.after) = if self.is_delayed { (at.after, turn) } else { (turn, Turn::None) };
        let mut at = *at;
        if coming != Turn::None || !(at.start..at.end).contains(&pc) {
            let function = self.functions.partition_point(|(_, start)| *start <= pc) - 1;
            at.start = self.functions[function].1;
            at.end = self.functions.get(function + 1).map_or(u64::MAX, |(_, start)| *start);
            at.node = self.turn(at.node, coming, function, pc == at.start);
            self.threads.insert(thread, at);
        }
        self.nodes[at.node].steps += 1;
    }

    /// Where a thread at `node` is after a turn that has led to `function`.
    fn turn(&mut self, node: usize, turn: Turn, function: usize, is_start: bool) -> usize {
        match turn {
            Turn::Call if is_start => return self.child(node, function),
            Turn::Return => {
                // Whoever has given its place to another does not return itself.
                let mut caller = self.nodes[node].parent;
                while caller != ROOT {
                    if self.nodes[caller].function == function {
                        return caller;
                    }
                    caller = self.nodes[caller].parent;
                }
            }
            _ => {}
        }
        if self.nodes[node].function == function {
            return node;
        }
        self.child(self.nodes[node].parent, function)
    }

    fn child(&mut self, parent: usize, function: usize) -> usize {
        if let Some(child) = self.nodes[parent].children.get(&function) {
            return *child;
        }
        let child = self.nodes.len();
        self.nodes[parent].children.insert(function, child);
        self.nodes.push(Node { function, parent, ..Node::default() });
        child
    }

    /// The functions on the way to a node, from the node up.
    fn path(&self, mut node: usize) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let Node { function, parent, .. } = &self.nodes[node];
            (node != ROOT).then(|| {
                node = *parent;
                *function
            })
        })
    }

    /// All functions that steps were taken in or below, those with most of their own first.
    pub fn functions(&self) -> Vec<FunctionSteps<'_>> {
        let mut counts = HashMap::<usize, (u64, u64)>::default();
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.steps > 0) {
            counts.entry(node.function).or_default().0 += node.steps;
            // A function that calls itself has its steps once.
            for function in self.path(index).collect::<HashSet<_>>() {
                counts.entry(function).or_default().1 += node.steps;
            }
        }
        let name = |function: usize| self.functions[function].0.as_str();
        let counts = counts.into_iter();
        let mut functions: Vec<_> =
            counts.map(|(function, (own, total))| FunctionSteps { name: name(function), own, total }).collect();
        functions.sort_by(|one, other| (other.own, other.total, one.name).cmp(&(one.own, one.total, other.name)));
        functions
    }

    /// Writes a line for every way of calls, `outermost;…;innermost steps`: what flame graphs are made of.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn write_folded(&self, mut out: impl Write) -> io::Result<()> {
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.steps > 0) {
            let mut names: Vec<_> = self.path(index).map(|function| self.functions[function].0.as_str()).collect();
            names.reverse();
            writeln!(out, "{} {}", names.join(";"), node.steps)?;
        }
        Ok(())
    }
}
