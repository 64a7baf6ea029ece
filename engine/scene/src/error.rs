//! What can go wrong with a scene: always the file, the line or key, what was found and what is accepted.
//!
//! Every variant but [`Error::File`] is terminal: the package has to change. A file that could not be read may
//! be there on the next try ([`Error::is_retryable`]).

use std::cell::RefCell;
use std::fmt;

/// A line of a file of the package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Name relative to the package ("scene.toml").
    pub file: String,
    /// Counted from 1; 0: not known.
    pub line: usize,
}

impl Place {
    /// A place in `file`; `line` 0 if not known.
    pub fn new(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { write!(f, "{}", self.file) } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

/// A scene that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is missing, not readable, outside its package or too large.
    #[error("{file}: {reason}")]
    File {
        /// Which.
        file: String,
        /// Why, and what is accepted.
        reason: String,
    },
    /// Not TOML, XML or glTF at all, or a key that does not exist.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What was expected and found.
        message: String,
    },
    /// A key, attribute or element with a value that is not accepted.
    #[error("{place}: `{key}`: found {found}; accepted: {accepted}")]
    Value {
        /// Where.
        place: Place,
        /// Key path ("reward[1].weight") or element and attribute ("geom torso: size").
        key: String,
        /// What is there.
        found: String,
        /// What would be right.
        accepted: String,
    },
    /// An expression that does not parse, or means nothing.
    #[error("{place}: `{key}`, column {column}: found {found}; accepted: {accepted}\n    {text}\n    {caret}", caret = caret(text, *column))]
    Expression {
        /// Where the expression begins.
        place: Place,
        /// Key path.
        key: String,
        /// The expression.
        text: Box<str>,
        /// Character of the expression, from 1.
        column: usize,
        /// What is there.
        found: String,
        /// What would be right.
        accepted: Box<str>,
    },
    /// A value given for a parameter of the scene.
    #[error("parameter `{name}`: found {found}; accepted: {accepted}")]
    Parameter {
        /// Which.
        name: String,
        /// What was given.
        found: String,
        /// What would be right.
        accepted: String,
    },
    /// No published scene has this name.
    #[error("no built-in scene is called `{name}`; accepted: {accepted}")]
    UnknownScene {
        /// What was asked for.
        name: String,
        /// All names.
        accepted: String,
    },
    /// Bytes that are no archive of a scene.
    #[error("scene archive: {}{reason}", within(entry))]
    Archive {
        /// File of the archive; "": the whole.
        entry: String,
        /// What is wrong, and what is accepted.
        reason: String,
    },
    /// The cooked blueprint breaks a limit or rule of the kernel.
    #[error("{place}: the cooked scene is not a valid blueprint: {message}")]
    Blueprint {
        /// The scene.
        place: Place,
        /// The kernel's words.
        message: String,
    },
}

impl Error {
    /// Whether the same call may succeed later with the same package.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// A value that is not accepted.
    pub fn value(place: Place, key: impl Into<String>, found: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self::Value { place, key: key.into(), found: found.into(), accepted: accepted.into() }
    }
}

fn within(entry: &str) -> String {
    if entry.is_empty() { String::new() } else { format!("{entry}: ") }
}

fn caret(text: &str, column: usize) -> String {
    // A caret below a later line of a long expression would point nowhere.
    if text.contains('\n') { String::new() } else { format!("{}^", " ".repeat(column.saturating_sub(1))) }
}

/// What becomes of an error: the end of the work (cooking), or an entry of a list, after which the next part is looked at (checking).
#[derive(Debug, Default)]
pub(crate) struct Errors {
    most: usize,
    list: RefCell<Vec<Error>>,
}

impl Errors {
    /// The first error is the end.
    pub fn strict() -> Self {
        Self::default()
    }

    /// The one after `most` is the end.
    pub fn up_to(most: usize) -> Self {
        Self { most, list: RefCell::default() }
    }

    /// The value; none, if its error was put on the list; the error, if that is full.
    pub fn keep<T>(&self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.list.borrow().len() >= self.most => Err(error),
            Err(error) => {
                self.list.borrow_mut().push(error);
                Ok(None)
            }
        }
    }

    /// Whether there is a list.
    pub fn collect(&self) -> bool {
        self.most > 0
    }

    /// The list so far has nothing in it.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Length of the list so far.
    pub fn count(&self) -> usize {
        self.list.borrow().len()
    }

    /// Ends here if something was put on the list: what follows would only repeat it.
    pub fn stop(&self) -> Result<(), Error> {
        let last = self.list.borrow_mut().pop();
        last.map_or(Ok(()), Err)
    }

    /// The list.
    pub fn into_list(self) -> Vec<Error> {
        self.list.into_inner()
    }
}

/// Something in the package that is not simulated, or not as its author may expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What and why.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
