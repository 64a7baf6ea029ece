//! Bytes as people write them.

use std::fmt;

/// Shows bytes as `0x` and small hexadecimal digits; with `{:#}`, as the digits alone.
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            f.write_str("0x")?;
        }
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads 64 hexadecimal digits, with or without `0x`, into `word`; `false` (and an undefined word) for anything else. Into a
/// word of the caller's, so that whoever reads a secret can wipe it.
pub fn read_word(text: &[u8], word: &mut [u8; 32]) -> bool {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.len() == 64
        && text.as_chunks::<2>().0.iter().zip(word).all(|([high, low], byte)| match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => {
                *byte = high << 4 | low;
                true
            }
            _ => false,
        })
}
