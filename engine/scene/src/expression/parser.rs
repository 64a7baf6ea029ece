//! Tokens to a tree, by binding power (Pratt). Loosest first: `? :`, `or`, `and`, `not`, comparisons (chained),
//! `+ -`, `* /`, unary `-`, `[…]` and `.name`.

use super::Problem;
use super::lexer::{Placed, Token, tokens};

/// Deepest tree. Chains of one operator count: `a + b + c` has depth 3.
pub(super) const DEPTH: usize = 128;
/// Most nodes of a tree: chained comparisons copy their middle, so the length of the text is no bound.
const SIZE: usize = 8192;

/// A tree and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub node: Node,
    pub column: usize,
    depth: usize,
    size: usize,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Text(String),
    Parameter(String),
    Name(String),
    List(Vec<Tree>),
    Call(String, Vec<Tree>),
    Index(Box<Tree>, Box<Tree>),
    Range(Box<Tree>, Option<Box<Tree>>, Option<Box<Tree>>),
    Field(Box<Tree>, String),
    Unary(Unary, Box<Tree>),
    Binary(Binary, Box<Tree>, Box<Tree>),
    Select(Box<Tree>, Box<Tree>, Box<Tree>),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// Parses a whole expression.
pub(super) fn parse(text: &str) -> Result<Tree, Problem> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let tree = parser.expression()?;
    match parser.peek() {
        (Token::End, _) => Ok(tree),
        (other, column) => Err(Problem::new(*column, other.describe(), "an operator or the end of the expression")),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    at: usize,
    depth: usize,
}

const NOT: u8 = 4;
const COMPARE: u8 = 5;
const NEGATE: u8 = 8;

impl Parser<'_> {
    fn peek(&self) -> &Placed {
        // The last token is `End`, and `next` never moves past it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Placed {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), (Token::Symbol(s), _) if *s == symbol);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Problem> {
        if self.take(symbol) {
            return Ok(());
        }
        let (token, column) = self.peek();
        Err(Problem::new(*column, token.describe(), format!("`{symbol}`")))
    }

    fn expression(&mut self) -> Result<Tree, Problem> {
        self.enter()?;
        let condition = self.binary(1)?;
        let tree = if self.take("?") {
            let yes = self.expression()?;
            self.expect(":")?;
            let no = self.expression()?;
            let column = condition.column;
            tree(Node::Select(Box::new(condition), Box::new(yes), Box::new(no)), column)?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn enter(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > DEPTH { Err(too_deep(self.peek().1)) } else { Ok(()) }
    }

    /// The operator ahead and how tightly it binds.
    fn operator(&self) -> Option<(Binary, u8)> {
        Some(match &self.peek().0 {
            Token::Name(name) if name == "or" => (Binary::Or, 1),
            Token::Name(name) if name == "and" => (Binary::And, 3),
            Token::Symbol(symbol) => match *symbol {
                "||" => (Binary::Or, 1),
                "&&" => (Binary::And, 3),
                "<" => (Binary::Less, COMPARE),
                "<=" => (Binary::LessEqual, COMPARE),
                ">" => (Binary::Greater, COMPARE),
                ">=" => (Binary::GreaterEqual, COMPARE),
                "==" => (Binary::Equal, COMPARE),
                "!=" => (Binary::NotEqual, COMPARE),
                "+" => (Binary::Add, 6),
                "-" => (Binary::Subtract, 6),
                "*" => (Binary::Multiply, 7),
                "/" => (Binary::Divide, 7),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn binary(&mut self, least: u8) -> Result<Tree, Problem> {
        self.enter()?;
        let mut left = self.prefix()?;
        while let Some((operator, power)) = self.operator() {
            if power < least {
                break;
            }
            self.next();
            let right = self.binary(power + 1)?;
            left = if power == COMPARE { self.chain(operator, left, right)? } else { binary(operator, left, right)? };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// `a < b <= c` is `a < b and b <= c`.
    fn chain(&mut self, first: Binary, left: Tree, right: Tree) -> Result<Tree, Problem> {
        let mut last = right.clone();
        let mut all = binary(first, left, right)?;
        while let Some((operator, COMPARE)) = self.operator() {
            self.next();
            let right = self.binary(COMPARE + 1)?;
            all = binary(Binary::And, all, binary(operator, last, right.clone())?)?;
            last = right;
        }
        Ok(all)
    }

    fn prefix(&mut self) -> Result<Tree, Problem> {
        let (token, column) = self.peek().clone();
        let (operator, power) = match token {
            Token::Symbol("-") => (Unary::Negate, NEGATE),
            Token::Symbol("!") => (Unary::Not, NEGATE),
            Token::Name(name) if name == "not" => (Unary::Not, NOT),
            _ => return self.postfix(),
        };
        self.next();
        let operand = self.binary(power)?;
        tree(Node::Unary(operator, Box::new(operand)), column)
    }

    fn postfix(&mut self) -> Result<Tree, Problem> {
        let mut operand = self.primary()?;
        loop {
            let column = operand.column;
            if self.take("[") {
                operand = self.index(operand)?;
            } else if self.take(".") {
                match self.next() {
                    (Token::Name(name), _) => operand = tree(Node::Field(Box::new(operand), name), column)?,
                    (other, column) => {
                        return Err(Problem::new(column, other.describe(), "a name such as x or position"));
                    }
                }
            } else {
                return Ok(operand);
            }
        }
    }

    fn index(&mut self, operand: Tree) -> Result<Tree, Problem> {
        let column = operand.column;
        let start =
            if matches!(self.peek(), (Token::Symbol(":"), _)) { None } else { Some(Box::new(self.expression()?)) };
        let node = if self.take(":") {
            let end =
                if matches!(self.peek(), (Token::Symbol("]"), _)) { None } else { Some(Box::new(self.expression()?)) };
            Node::Range(Box::new(operand), start, end)
        } else if let Some(index) = start {
            Node::Index(Box::new(operand), index)
        } else {
            return Err(Problem::new(self.peek().1, self.peek().0.describe(), "an index"));
        };
        self.expect("]")?;
        tree(node, column)
    }

    /// Comma-separated expressions up to `close`.
    fn list(&mut self, close: &str) -> Result<Vec<Tree>, Problem> {
        let mut items = Vec::new();
        while !self.take(close) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.expression()?);
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Tree, Problem> {
        let (token, column) = self.next();
        match token {
            Token::Number(value) => tree(Node::Number(value), column),
            Token::Text(text) => tree(Node::Text(text), column),
            Token::Parameter(name) => tree(Node::Parameter(name), column),
            Token::Name(name) if matches!(name.as_str(), "and" | "or" | "not") => {
                Err(Problem::new(column, format!("`{name}`"), "a number, a quantity, a function or `(`"))
            }
            Token::Name(name) if self.take("(") => {
                let arguments = self.list(")")?;
                tree(Node::Call(name, arguments), column)
            }
            Token::Name(name) => tree(Node::Name(name), column),
            Token::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Symbol("[") => {
                let items = self.list("]")?;
                tree(Node::List(items), column)
            }
            other => Err(Problem::new(column, other.describe(), "a number, a quantity, a function or `(`")),
        }
    }
}

fn binary(operator: Binary, left: Tree, right: Tree) -> Result<Tree, Problem> {
    let column = left.column;
    tree(Node::Binary(operator, Box::new(left), Box::new(right)), column)
}

/// A node above its children, measured.
fn tree(node: Node, column: usize) -> Result<Tree, Problem> {
    let (mut depth, mut size) = (0, 1);
    let mut child = |tree: &Tree| {
        depth = depth.max(tree.depth);
        size += tree.size;
    };
    match &node {
        Node::Number(_) | Node::Text(_) | Node::Parameter(_) | Node::Name(_) => {}
        Node::List(items) | Node::Call(_, items) => items.iter().for_each(child),
        Node::Index(a, b) | Node::Binary(_, a, b) => [a, b].into_iter().for_each(|tree| child(tree)),
        Node::Range(a, b, c) => [Some(a), b.as_ref(), c.as_ref()].into_iter().flatten().for_each(|tree| child(tree)),
        Node::Field(a, _) | Node::Unary(_, a) => child(a),
        Node::Select(a, b, c) => [a, b, c].into_iter().for_each(|tree| child(tree)),
    }
    if depth >= DEPTH {
        return Err(too_deep(column));
    }
    if size > SIZE {
        return Err(Problem::new(column, "an expression that grows too large", format!("at most {SIZE} parts")));
    }
    Ok(Tree { node, column, depth: depth + 1, size })
}

fn too_deep(column: usize) -> Problem {
    Problem::new(column, "an expression nested too deep", format!("at most {DEPTH} levels; name parts in [quantities]"))
}
