//! The list of keys that a server lets in: a line each, `ROLE KEY NAME`.
//!
//! ```text
//! # who may connect
//! agent rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 the laptop
//! ```
//!
//! Empty lines and lines that begin with `# ` are for people; they are not kept when the list is written.

use core::fmt;
use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{KeyError, PublicKey};
use crate::message::Role;

/// Keys of a list, at most.
const KEYS: usize = 1 << 16;
/// Bytes of a list's file, at most.
const FILE: u64 = 16 << 20;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it may do.
    pub role: Role,
    /// Who.
    pub key: PublicKey,
    /// For people; may be empty.
    pub name: String,
}

/// Who may connect, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorised {
    entries: Vec<Entry>,
    roles: HashMap<PublicKey, Role>,
}

/// Why a list cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A line that is none.
    #[error("line {line}: {reason}; accepted: agent, companion or operator, a key, a name")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Too long.
    #[error("found more than {KEYS} keys or {FILE} bytes")]
    TooLong,
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Not a list.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: Box<ListError>,
    },
}

impl Authorised {
    /// The list of this text.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let mut list = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() || text == "#" || text.starts_with("# ") {
                continue;
            }
            let entry = entry(text).map_err(|reason| ListError::Line { line, reason })?;
            if list.roles.contains_key(&entry.key) {
                return Err(ListError::Line { line, reason: "the key is there before".into() });
            }
            if list.entries.len() == KEYS {
                return Err(ListError::TooLong);
            }
            list.roles.insert(entry.key, entry.role);
            list.entries.push(entry);
        }
        Ok(list)
    }

    /// Reads a list; an empty one where there is no file.
    pub fn load(path: &Path) -> Result<Self, ListError> {
        let io = |error| ListError::Io { path: path.into(), error };
        let file = match fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file.map_err(io)?,
        };
        let in_file = |error| ListError::File { path: path.into(), error: Box::new(error) };
        if file.metadata().map_err(io)?.len() > FILE {
            return Err(in_file(ListError::TooLong));
        }
        let text = io::read_to_string(io::Read::take(file, FILE)).map_err(io)?;
        Self::parse(&text).map_err(in_file)
    }

    /// Writes the list, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), ListError> {
        let io = |error| ListError::Io { path: path.into(), error };
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let written = fs::File::create(&beside).and_then(|mut file| {
            file.write_all(self.to_string().as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&beside, path)).map_err(|error| {
            let _left = fs::remove_file(&beside);
            io(error)
        })
    }

    /// What this key may do; none: nothing.
    pub fn role(&self, key: &PublicKey) -> Option<Role> {
        self.roles.get(key).copied()
    }

    /// Lets a key in, or changes what it may do. A name of several lines is an error.
    pub fn allow(&mut self, entry: Entry) -> Result<(), ListError> {
        if entry.name.chars().any(char::is_control) || entry.name.len() > crate::limits::NAME {
            return Err(ListError::Line { line: 0, reason: "a name that is long or has control characters".into() });
        }
        self.revoke(&entry.key);
        if self.entries.len() == KEYS {
            return Err(ListError::TooLong);
        }
        self.roles.insert(entry.key, entry.role);
        self.entries.push(Entry { name: entry.name.trim().into(), ..entry });
        Ok(())
    }

    /// Lets a key in no more; whether it was.
    pub fn revoke(&mut self, key: &PublicKey) -> bool {
        self.entries.retain(|entry| entry.key != *key);
        self.roles.remove(key).is_some()
    }

    /// All lines, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn entry(text: &str) -> Result<Entry, String> {
    let mut words = text.splitn(3, ' ');
    let role = match words.next() {
        Some("agent") => Role::Agent,
        Some("companion") => Role::Companion,
        Some("operator") => Role::Operator,
        _ => return Err("it does not begin with a role".into()),
    };
    let key = words.next().unwrap_or_default().parse().map_err(|error: KeyError| error.to_string())?;
    let name = words.next().unwrap_or_default().trim();
    if name.chars().any(char::is_control) || name.len() > crate::limits::NAME {
        return Err("a name that is long or has control characters".into());
    }
    Ok(Entry { role, key, name: name.into() })
}

impl Role {
    /// As in the list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Companion => "companion",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Authorised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Who may connect: agent, companion or operator, a public key, a name.")?;
        for Entry { role, key, name } in &self.entries {
            let space = if name.is_empty() { "" } else { " " };
            writeln!(f, "{role} {key}{space}{name}")?;
        }
        Ok(())
    }
}
