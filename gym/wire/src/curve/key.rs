//! Key pairs (Curve25519) and the files they are kept in.

use core::{fmt, str::FromStr};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use zeroize::Zeroizing;

/// Characters of a key's text.
const DIGITS: usize = 40;
/// Characters of a public key in hexadecimal digits.
const HEX: usize = 64;
/// Bytes of a key file, at most.
const FILE: u64 = 4096;

/// What others know a client or a server by. Text is Z85 (ZeroMQ RFC 32), whose characters mean other things to shells; 64 hexadecimal digits are read as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// What proves a [`PublicKey`] to be one's own. Never shown, wiped when it is dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// Both halves.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// To give away.
    pub public: PublicKey,
    /// To keep.
    pub secret: SecretKey,
}

/// Why a key cannot be made, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Text that is no key.
    #[error("key: found {found}; accepted: 40 characters of Z85, or 64 hexadecimal digits of a public key")]
    Text {
        /// What is wrong with it; never the text itself.
        found: String,
    },
    /// A file that holds no key pair.
    #[error("{path}: {reason}; accepted: a line \"public KEY\" and a line \"secret KEY\"")]
    File {
        /// Which.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that others can read.
    #[error("{path}: others may read it (mode {mode:03o}); accepted: 600 (chmod 600 {path})")]
    Readable {
        /// Which.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// libzmq made none.
    #[error("key: {0}")]
    Generate(zmq::Error),
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&zmq::z85_encode(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() == HEX
            && let Some(key) = crate::Hex::<32>::parse(&format!("0x{}", digits.to_ascii_lowercase()))
        {
            return Ok(Self(key.0));
        }
        decode(text).map(|key| Self(*key))
    }
}

fn decode(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    if text.len() != DIGITS {
        return Err(KeyError::Text { found: format!("{} characters", text.chars().count()) });
    }
    let refused = || KeyError::Text { found: "characters that are not of Z85".into() };
    let bytes = Zeroizing::new(zmq::z85_decode(text).map_err(|_| refused())?);
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(refused());
    }
    key.copy_from_slice(&bytes);
    // Z85 has groups that are more than 32 bits: one text to a key.
    if !zmq::z85_encode(&*key).is_ok_and(|back| back == text) {
        return Err(refused());
    }
    Ok(key)
}

impl KeyPair {
    /// A new pair, from the operating system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = zmq::CurveKeyPair::new().map_err(KeyError::Generate)?;
        Ok(Self { public: PublicKey(pair.public_key), secret: SecretKey(Zeroizing::new(pair.secret_key)) })
    }

    /// The pair of these two texts. Whether they belong together only a handshake shows.
    pub fn parse(public: &str, secret: &str) -> Result<Self, KeyError> {
        Ok(Self { public: public.parse()?, secret: SecretKey(decode(secret)?) })
    }

    /// Reads the file that [`KeyPair::save`] wrote. Refused where others may read it.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let name = || path.display().to_string();
        let io = |error| KeyError::Io { path: name(), error };
        let wrong = |reason: String| KeyError::File { path: name(), reason };
        let file = fs::File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if let Some(mode) = readable(&metadata) {
            return Err(KeyError::Readable { path: name(), mode });
        }
        if metadata.len() > FILE {
            return Err(wrong(format!("{} bytes", metadata.len())));
        }
        let text = Zeroizing::new(io::read_to_string(io::Read::take(file, FILE)).map_err(io)?);
        let (mut public, mut secret) = (None, None);
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with("# ")) {
            let slot = match line.split_once(' ') {
                Some(("public", key)) => public.replace(key).is_none().then_some(()),
                Some(("secret", key)) => secret.replace(key).is_none().then_some(()),
                _ => None,
            };
            slot.ok_or_else(|| wrong(format!("line {number} is something else, or a second time")))?;
        }
        match (public, secret) {
            (Some(public), Some(secret)) => Self::parse(public, secret).map_err(|error| wrong(error.to_string())),
            _ => Err(wrong("a line is missing".into())),
        }
    }

    /// Writes a new file that only its owner may read. An error where there is one.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let io = |error| KeyError::Io { path: path.display().to_string(), error };
        let secret =
            Zeroizing::new(zmq::z85_encode(self.secret.bytes()).map_err(|_| io(io::Error::other("not encodable")))?);
        let public = self.public;
        let text = Zeroizing::new(format!(
            "# A key pair of hyperdust. Give away the public one; whoever has the secret one is you.\npublic {public}\nsecret {}\n",
            *secret
        ));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)
    }
}

/// The permissions of a file that others may read or write.
fn readable(metadata: &fs::Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}
