//! Inputs and output as byte strings in fixed regions of memory.
//!
//! A string's bytes are at the start of its region, and [`HEADER`] bytes in are two 32-byte words: kind and length (big-endian).

/// Input regions.
pub const INPUTS: usize = 4;
/// Offset of the header in a region; also the longest string.
pub const HEADER: usize = 1 << 21;

const REGION: usize = 1 << 22;
const FIRST_INPUT: usize = 0x0100_0000;
const OUTPUT: usize = 0x0200_0000;

/// What a byte string is.
pub use hyperdust_merkle::Kind;

/// Text that says why inputs were refused.
pub const ERROR: Kind = Kind::new("hyperdust error");

/// Kind and length of the string in a region.
fn header(start: usize) -> ([u8; 32], [u8; 32]) {
    // SAFETY: both words lie in the region, which is memory that nothing writes to.
    unsafe { ((start + HEADER) as *const ([u8; 32], [u8; 32])).read() }
}

/// The strings of all input regions; an error where one is of another kind than accepted.
pub fn inputs(accepted: &[Kind]) -> Result<[&'static [u8]; INPUTS], String> {
    let mut strings: [&'static [u8]; INPUTS] = [&[]; INPUTS];
    for (number, string) in strings.iter_mut().enumerate() {
        let start = FIRST_INPUT + number * REGION;
        let (kind, length) = header(start);
        if (kind, length) == ([0; 32], [0; 32]) {
            continue;
        }
        let Some(wanted) = accepted.get(number) else {
            return Err(format!("input {number}: found a string; accepted: none"));
        };
        if kind != wanted.word() {
            return Err(format!("input {number}: found kind {:?}; accepted: {:?}", text(&kind), text(&wanted.word())));
        }
        let (high, low) = length.split_at(28);
        let bytes = u32::from_be_bytes([low[0], low[1], low[2], low[3]]) as usize;
        if high.iter().any(|&byte| byte != 0) || bytes > HEADER {
            return Err(format!("input {number}: its length is over {HEADER} bytes"));
        }
        // SAFETY: the string lies in its region, which is memory that nothing writes to.
        *string = unsafe { core::slice::from_raw_parts(start as *const u8, bytes) };
    }
    Ok(strings)
}

/// Writes the output string; `false` where it is too long.
pub fn write(kind: Kind, bytes: &[u8]) -> bool {
    if bytes.len() > HEADER {
        return false;
    }
    let mut length = [0; 32];
    length[28..].copy_from_slice(&(bytes.len() as u32).to_be_bytes());
    // SAFETY: the region is memory that belongs to no object.
    unsafe {
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), OUTPUT as *mut u8, bytes.len());
        ((OUTPUT + HEADER) as *mut ([u8; 32], [u8; 32])).write((kind.word(), length));
    }
    true
}

/// A kind's tag.
fn text(kind: &[u8; 32]) -> String {
    let length = kind.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&kind[..length]).into_owned()
}
