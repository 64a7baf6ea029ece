//! Characters to tokens.

use super::Problem;

/// Longest expression, bytes.
pub(super) const LENGTH: usize = 4096;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `2.5e-3`
    Number(f64),
    /// `"torso"` or `'torso'`
    Text(String),
    /// `qpos`
    Name(String),
    /// `$scale`
    Parameter(String),
    /// `<=`
    Symbol(&'static str),
    /// After the last.
    End,
}

impl Token {
    /// For error messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Number(value) => format!("`{value}`"),
            Self::Text(text) => format!("\"{text}\""),
            Self::Name(name) => format!("`{name}`"),
            Self::Parameter(name) => format!("`${name}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end of the expression".into(),
        }
    }
}

/// A token and its column, in characters from 1.
pub(super) type Placed = (Token, usize);

/// Longer symbols first.
const SYMBOLS: [&str; 22] = [
    "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".", "?", ":", "&&", "||", "!", "^",
];

/// Splits an expression.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Problem> {
    if text.len() > LENGTH {
        return Err(Problem::new(
            1,
            format!("an expression of {} bytes", text.len()),
            format!("at most {LENGTH}; name parts in [quantities]"),
        ));
    }
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let start = at;
        let column = start + 1;
        let c = characters[at];
        let take =
            |from: usize, accept: fn(char) -> bool| characters[from..].iter().take_while(|c| accept(**c)).count();
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let token = if c.is_ascii_digit() || (c == '.' && characters.get(at + 1).is_some_and(char::is_ascii_digit)) {
            at += number_length(&characters[at..]);
            let digits: String = characters[start..at].iter().collect();
            match digits.parse::<f64>() {
                Ok(value) if value.is_finite() => Token::Number(value),
                _ => return Err(Problem::new(column, format!("`{digits}`"), "a number such as 0.5 or 1e-3")),
            }
        } else if is_name_start(c) {
            at += take(at, is_name);
            Token::Name(characters[start..at].iter().collect())
        } else if c == '$' {
            at += 1 + take(at + 1, is_name);
            if at == start + 1 {
                return Err(Problem::new(column, "`$` without a name", "$ and the name of a parameter"));
            }
            Token::Parameter(characters[start + 1..at].iter().collect())
        } else if c == '"' || c == '\'' {
            let length = characters[at + 1..].iter().position(|other| *other == c);
            let Some(length) = length else {
                return Err(Problem::new(column, "a text without an end", format!("a closing {c}")));
            };
            at += length + 2;
            Token::Text(characters[start + 1..start + 1 + length].iter().collect())
        } else {
            let rest: String = characters[at..].iter().take(2).collect();
            match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => {
                    at += symbol.len();
                    Token::Symbol(symbol)
                }
                None => {
                    return Err(Problem::new(column, format!("`{}`", c.escape_debug()), "numbers, names, operators"));
                }
            }
        };
        tokens.push((token, column));
    }
    tokens.push((Token::End, characters.len() + 1));
    Ok(tokens)
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Digits, one point with digits behind it, an exponent.
fn number_length(characters: &[char]) -> usize {
    let digits = |from: usize| characters[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut length = digits(0);
    if characters.get(length) == Some(&'.') {
        length += 1;
        length += digits(length);
    }
    if matches!(characters.get(length), Some('e' | 'E')) {
        let sign = usize::from(matches!(characters.get(length + 1), Some('+' | '-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}
