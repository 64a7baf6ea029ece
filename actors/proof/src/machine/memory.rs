//! 64 MiB of memory with an incremental Merkle tree.
//!
//! Memory is zero until written. It is one array, mapped by the operating system as it is touched, so that the fast
//! interpreter needs no page table; hashing, copying and snapshots go by 4 KiB pages and skip those never written.
//! The tree has 2²¹ leaves of 32 bytes. Its nodes from the pages upwards are kept; what lies inside a page is hashed
//! when the page has changed since the last [`root`](Memory::root), or when a proof asks. A saved page keeps its root, so
//! that going back to it costs no hashing a second time.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::layout::{DEPTH, MEMORY};
use crate::tree::{self, Hash};

/// Bytes of a page.
pub const PAGE: u32 = 1 << 12;
/// Pages of the memory.
pub const PAGES: usize = (MEMORY / PAGE) as usize;
/// Words of the memory.
pub const WORDS: usize = (MEMORY / 4) as usize;
/// Words of a page.
pub(crate) const PAGE_WORDS: usize = (PAGE / 4) as usize;
/// Leaves of a page.
const PAGE_LEAVES: usize = PAGE as usize / tree::LEAF;
/// Levels of the tree within a page.
const PAGE_DEPTH: u32 = PAGE_LEAVES.trailing_zeros();
/// Words of a leaf.
const LEAF_WORDS: usize = tree::LEAF / 4;

/// The page was written once.
const TOUCHED: u8 = 1;
/// The page was written since it was last hashed.
const UNHASHED: u8 = 2;
/// The page was written since it was last captured.
const UNCAPTURED: u8 = 4;
/// The page's root is up to date, and the nodes above it are not.
const UNLINKED: u8 = 8;
/// What a store sets.
pub(crate) const WRITTEN: u8 = TOUCHED | UNHASHED | UNCAPTURED;

/// The words of a page.
pub(crate) type Page = [u32; PAGE_WORDS];

/// A page as it was at some time, and its root since somebody needed it.
#[derive(Debug)]
pub(crate) struct SavedPage {
    words: Page,
    root: OnceLock<Hash>,
}

impl SavedPage {
    fn root(&self) -> Hash {
        *self.root.get_or_init(|| page_root(&self.words))
    }
}

/// The memory of a machine.
pub struct Memory {
    pub(crate) words: Box<[u32; WORDS]>,
    pub(crate) flags: Box<[u8; PAGES]>,
    /// Nodes from the pages upwards, as a heap: the root is 1, the children of `i` are `2i` and `2i + 1`, page `p` is
    /// `PAGES + p`.
    nodes: Box<[Hash; 2 * PAGES]>,
}

impl Memory {
    /// All zero.
    pub fn new() -> Self {
        let zeros: Vec<Hash> = tree::zeros().take(DEPTH as usize + 1).collect();
        let mut nodes = boxed::<Hash, { 2 * PAGES }>([0; 32]);
        for (i, node) in nodes.iter_mut().enumerate().skip(1) {
            *node = zeros[(DEPTH - i.ilog2()) as usize];
        }
        Self { words: boxed(0), flags: boxed(0), nodes }
    }

    /// The aligned word that holds `address`, little-endian. Panics outside of memory.
    #[inline]
    pub fn word(&self, address: u32) -> u32 {
        self.words[(address / 4) as usize]
    }

    /// Replaces the aligned word that holds `address`. Panics outside of memory.
    #[inline]
    pub(crate) fn set_word(&mut self, address: u32, word: u32) {
        self.words[(address / 4) as usize] = word;
        self.flags[(address / PAGE) as usize] = WRITTEN;
    }

    /// Writes `bytes` from `address` on. Panics outside of memory.
    pub fn place(&mut self, address: u32, bytes: &[u8]) {
        for (address, &byte) in (address..).zip(bytes) {
            let shift = 8 * (address & 3);
            let word = self.word(address) & !(0xff << shift) | u32::from(byte) << shift;
            self.set_word(address, word);
        }
    }

    /// The `length` bytes from `address` on. Panics outside of memory.
    pub fn bytes(&self, address: u32, length: u32) -> Vec<u8> {
        (address..address + length).map(|at| (self.word(at) >> (8 * (at & 3))) as u8).collect()
    }

    /// The leaf that holds `address`. Panics outside of memory.
    pub fn leaf(&self, address: u32) -> Hash {
        let first = address as usize / tree::LEAF * LEAF_WORDS;
        leaf_of(self.words[first..first + LEAF_WORDS].try_into().expect("eight words"))
    }

    /// Root of the tree; costs 127 hashings for every page written since the last call, and the path above it.
    pub fn root(&mut self) -> Hash {
        let mut above: Vec<usize> = Vec::new();
        for page in 0..PAGES {
            if self.flags[page] & (UNHASHED | UNLINKED) != 0 {
                if self.flags[page] & UNHASHED != 0 {
                    self.nodes[PAGES + page] = page_root(self.page(page));
                }
                self.flags[page] &= !(UNHASHED | UNLINKED);
                let parent = (PAGES + page) / 2;
                if above.last() != Some(&parent) {
                    above.push(parent);
                }
            }
        }
        while above.first().is_some_and(|&i| i >= 1) {
            for &i in &above {
                self.nodes[i] = tree::node(&self.nodes[2 * i], &self.nodes[2 * i + 1]);
            }
            above.iter_mut().for_each(|i| *i /= 2);
            above.dedup();
        }
        self.nodes[1]
    }

    /// Siblings of the leaf that holds `address`, from its own up to below the root. Panics outside of memory.
    pub fn siblings(&mut self, address: u32) -> [Hash; DEPTH as usize] {
        self.root();
        let page = (address / PAGE) as usize;
        let mut siblings = [[0; 32]; DEPTH as usize];
        let (inside, outside) = siblings.split_at_mut(PAGE_DEPTH as usize);
        let mut at = address as usize / tree::LEAF % PAGE_LEAVES;
        for (sibling, level) in inside.iter_mut().zip(page_levels(self.page(page))) {
            *sibling = level[at ^ 1];
            at /= 2;
        }
        let mut at = PAGES + page;
        for sibling in outside {
            *sibling = self.nodes[at ^ 1];
            at /= 2;
        }
        siblings
    }

    /// Root of the subtree of a region that is at least a page.
    pub fn region_root(&mut self, region: super::layout::Region) -> Hash {
        self.root();
        self.nodes[((MEMORY / region.bytes) + region.index()) as usize]
    }

    /// Siblings of a region's subtree, from its own up to below the root; the region is at least a page.
    pub fn region_siblings(&mut self, region: super::layout::Region) -> Vec<Hash> {
        self.root();
        let first = ((MEMORY / region.bytes) + region.index()) as usize;
        std::iter::successors(Some(first), |at| Some(at / 2))
            .take_while(|&at| at > 1)
            .map(|at| self.nodes[at ^ 1])
            .collect()
    }

    /// The pages written since the last call, with their numbers; what a snapshot has to copy.
    pub(crate) fn take_written(&mut self) -> Vec<(usize, Arc<SavedPage>)> {
        self.take(UNCAPTURED)
    }

    /// Every page that was ever written, with its number; what a first snapshot has to copy.
    pub(crate) fn take_touched(&mut self) -> Vec<(usize, Arc<SavedPage>)> {
        self.take(TOUCHED)
    }

    fn take(&mut self, flag: u8) -> Vec<(usize, Arc<SavedPage>)> {
        let mut taken = Vec::new();
        for page in (0..PAGES).filter(|&page| self.flags[page] & flag != 0).collect::<Vec<_>>() {
            self.flags[page] &= !UNCAPTURED;
            let root = OnceLock::new();
            if self.flags[page] & UNHASHED == 0 {
                // A new cell is empty, so this cannot fail.
                let _ = root.set(self.nodes[PAGES + page]);
            }
            taken.push((page, Arc::new(SavedPage { words: *self.page(page), root })));
        }
        taken
    }

    /// Whether a page was written since it was last captured or set.
    pub(crate) fn written(&self, page: usize) -> bool {
        self.flags[page] & UNCAPTURED != 0
    }

    /// Replaces a page by a saved one, or by zeros.
    pub(crate) fn set_page(&mut self, page: usize, saved: Option<&SavedPage>) {
        let words = &mut self.words[page * PAGE_WORDS..][..PAGE_WORDS];
        match saved {
            Some(saved) => {
                words.copy_from_slice(&saved.words);
                self.nodes[PAGES + page] = saved.root();
            }
            None => {
                words.fill(0);
                self.nodes[PAGES + page] = tree::zero(PAGE_DEPTH);
            }
        }
        self.flags[page] = TOUCHED | UNLINKED;
    }

    fn page(&self, page: usize) -> &Page {
        self.words[page * PAGE_WORDS..][..PAGE_WORDS].try_into().expect("a page")
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Memory {
    /// Copies the pages that were ever written.
    fn clone(&self) -> Self {
        let mut words = boxed(0);
        for page in (0..PAGES).filter(|&page| self.flags[page] & TOUCHED != 0) {
            let range = page * PAGE_WORDS..(page + 1) * PAGE_WORDS;
            words[range.clone()].copy_from_slice(&self.words[range]);
        }
        Self { words, flags: self.flags.clone(), nodes: self.nodes.clone() }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let touched = self.flags.iter().filter(|&&flags| flags & TOUCHED != 0).count();
        f.debug_struct("Memory").field("pages", &touched).finish_non_exhaustive()
    }
}

fn page_root(page: &Page) -> Hash {
    *page_levels(page).last().and_then(|top| top.first()).expect("a root")
}

/// All levels of a page's tree: its leaves first, its root last.
fn page_levels(page: &Page) -> [Vec<Hash>; PAGE_DEPTH as usize + 1] {
    let mut level: Vec<Hash> = page.as_chunks::<LEAF_WORDS>().0.iter().map(leaf_of).collect();
    std::array::from_fn(|_| {
        let above = level.as_chunks::<2>().0.iter().map(|[left, right]| tree::node(left, right)).collect();
        std::mem::replace(&mut level, above)
    })
}

fn leaf_of(words: &[u32; LEAF_WORDS]) -> Hash {
    let mut leaf = [0; tree::LEAF];
    for (place, word) in leaf.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    leaf
}

/// An array on the heap that never was on the stack; zeros are not touched.
pub(crate) fn boxed<T: Clone, const N: usize>(value: T) -> Box<[T; N]> {
    let Ok(array) = vec![value; N].into_boxed_slice().try_into() else { unreachable!("N elements") };
    array
}
