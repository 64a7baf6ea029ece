//! The memory map, and the memory root that a program starts from.
//!
//! | from | bytes | region | a program may |
//! |---|---|---|---|
//! | `0x0000_0000` | 16 MiB | image: code and constants; execution starts at 0 | fetch, load |
//! | `0x0100_0000` | 4 × 4 MiB | inputs | load, store |
//! | `0x0200_0000` | 4 MiB | output | load, store |
//! | `0x0240_0000` | 28 MiB | heap and stack | load, store |
//!
//! Above `0x0400_0000` there is nothing. Everything but image and inputs starts as zero, and so do the registers:
//! the program sets up its own stack, and copies its initialised data out of the image.
//!
//! Every region is a whole subtree. So the initial root follows from four hashings over the roots of image and
//! inputs ([`initial_root`]), which anyone, a contract too, can do. An input or output region holds a byte string: the
//! bytes from its start (at most 2 MiB), and in its upper half, [`HEADER`] bytes in, two leaves: the string's kind
//! and its length (big-endian, 32 bytes). So the region's root follows from the string's [`Head`] alone
//! ([`string_root`]), and the string's own root (`keccak256(kind ‖ length ‖ tree)`) from the same three words.

use crate::{
    error::Error,
    tree::{self, Hash, Head},
};

/// Bytes of memory: addresses are below it.
pub const MEMORY: u32 = 1 << 26;
/// Levels of the memory's tree above its leaves.
pub const DEPTH: u32 = 21;
/// Inputs of a program, at most.
pub const INPUT_COUNT: usize = 4;
/// Offset of the header in an input or output region, in bytes; also the longest string that one holds.
pub const HEADER: u32 = 1 << 21;

/// An aligned, power-of-two piece of memory: a whole subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u32,
    /// Size in bytes.
    pub bytes: u32,
}

impl Region {
    /// Code and constants.
    pub const IMAGE: Self = Self { start: 0, bytes: 1 << 24 };
    /// What a program reads.
    pub const INPUTS: [Self; INPUT_COUNT] = [
        Self { start: 0x0100_0000, bytes: 1 << 22 },
        Self { start: 0x0140_0000, bytes: 1 << 22 },
        Self { start: 0x0180_0000, bytes: 1 << 22 },
        Self { start: 0x01c0_0000, bytes: 1 << 22 },
    ];
    /// What a program leaves behind.
    pub const OUTPUT: Self = Self { start: 0x0200_0000, bytes: 1 << 22 };

    /// Levels between the leaves and the region's root.
    pub const fn height(self) -> u32 {
        (self.bytes / tree::LEAF as u32).trailing_zeros()
    }

    /// Number of the region's root among the nodes of its height, from the left.
    pub const fn index(self) -> u32 {
        self.start / self.bytes
    }
}

/// Levels of the memory's tree above an input or output region: siblings that open one.
pub const ABOVE_OUTPUT: usize = (DEPTH - Region::OUTPUT.height()) as usize;

/// First address of heap and stack, which go up to [`MEMORY`].
pub const FREE: u32 = 0x0240_0000;

/// Root of an input or output region that holds a byte string. An error where the string is over [`HEADER`] bytes.
pub fn string_root(what: &str, string: &Head) -> Result<Hash, Error> {
    if string.length > u64::from(HEADER) {
        return Err(Error::TooLarge { what: what.into(), found: string.length, accepted: HEADER.into() });
    }
    let half = Region::OUTPUT.height() - 1;
    let bytes = tree::lift(string.tree, tree::depth(string.length), half);
    let header = tree::lift(tree::node(&string.kind, &string.length_word()), 1, half);
    Ok(tree::node(&bytes, &header))
}

/// Root of an input region without a string.
pub fn empty_root() -> Hash {
    tree::zero(Region::OUTPUT.height())
}

/// Root of the memory that a program starts with, from the roots of its image and of its four input regions.
pub fn initial_root(image: &Hash, inputs: &[Hash; INPUT_COUNT]) -> Hash {
    let [a, b, c, d] = inputs;
    let inputs = tree::node(&tree::node(a, b), &tree::node(c, d));
    tree::node(&tree::node(image, &inputs), &tree::zero(DEPTH - 1))
}

/// Root of an image region that holds `image` from address 0 on. An error where it does not fit.
pub fn image_root(image: &[u8]) -> Result<Hash, Error> {
    check_image(image)?;
    Ok(tree::lift(tree::tree(image), tree::depth(image.len() as u64), Region::IMAGE.height()))
}

/// Refuses an image that is over its region.
pub(crate) fn check_image(image: &[u8]) -> Result<(), Error> {
    let (found, accepted) = (image.len() as u64, u64::from(Region::IMAGE.bytes));
    if found > accepted {
        return Err(Error::TooLarge { what: "image".into(), found, accepted });
    }
    Ok(())
}
