//! Players by name. Each says when it moves and how; whether that is allowed is the rules' business.

use hyperdust_proof::{
    Game, Party,
    game::{Due, Layer, Move, respond},
    graph::MAX_STEPS,
    tree::Hash,
};

use super::job::View;

/// How long an honest party takes to answer: as much as it always has.
pub const LATENCY: u64 = super::CLOCK.extension;

/// Somebody at the table.
pub trait Player {
    /// The next move and its time, when it is this player's turn or the other's time is over; `None` to do nothing.
    fn respond(&mut self, game: &Game, now: u64) -> Option<(u64, Move)>;

    /// A move out of turn.
    fn interrupt(&mut self, _game: &Game, _now: u64) -> Option<(u64, Move)> {
        None
    }
}

/// Plays the solver's moves with a view of the job, true or false.
pub struct Solving {
    pub party: Party,
    pub view: View,
    /// When it moves.
    pub pace: Pace,
    /// Moves it makes before it falls silent.
    pub moves: usize,
}

/// When a player moves.
#[derive(Clone, Copy)]
pub enum Pace {
    /// This long after its turn began.
    After(u64),
    /// At the last moment.
    LastSecond,
    /// One moment too late.
    TooLate,
}

impl Pace {
    fn at(self, game: &Game, now: u64) -> u64 {
        let until = game.turn().map_or(now, |turn| turn.until);
        match self {
            Self::After(delay) => now + delay,
            Self::LastSecond => until.max(now),
            Self::TooLate => until + 1,
        }
    }
}

/// Whoever plays by the book with this view, as late as an honest party may.
pub fn solving(party: Party, view: &View) -> Solving {
    Solving { party, view: view.clone(), pace: Pace::After(LATENCY), moves: usize::MAX }
}

impl Player for Solving {
    fn respond(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        if self.moves == 0 {
            return None;
        }
        self.moves -= 1;
        let at = match game.turn() {
            Some(turn) if turn.by == self.party => self.pace.at(game, now),
            _ => now,
        };
        // What a liar cannot open, it cannot play.
        Some((at, respond(self.party, game, now, &mut self.view).ok()??))
    }

    fn interrupt(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        match game.turn()?.due {
            Due::Prove { .. } if self.party == Party::Challenger => self.respond(game, now),
            _ => None,
        }
    }
}

/// A player whose solver's moves are changed on the way.
pub struct Bent<F> {
    pub solving: Solving,
    pub bend: F,
}

impl<F: FnMut(&Game, Move) -> Option<Move>> Player for Bent<F> {
    fn respond(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        let (at, action) = self.solving.respond(game, now)?;
        Some((at, (self.bend)(game, action)?))
    }

    fn interrupt(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        let (at, action) = self.solving.interrupt(game, now)?;
        Some((at, (self.bend)(game, action)?))
    }
}

/// Never does anything.
pub struct Silent;

impl Player for Silent {
    fn respond(&mut self, _: &Game, _: u64) -> Option<(u64, Move)> {
        None
    }
}

/// Chooses by position: always the first piece, the last one, or one that does not exist.
pub fn chooser(view: &View, which: Choice) -> Box<dyn Player> {
    let bend = move |game: &Game, action: Move| {
        let pieces = match game.turn()?.due {
            Due::Choose { points, .. } => points.len() - 1,
            _ => return Some(action),
        };
        Some(Move::Choose(match which {
            Choice::First => 0,
            Choice::Last => pieces as u8 - 1,
            Choice::Outside => pieces as u8,
        }))
    };
    Box::new(Bent { solving: solving(Party::Challenger, view), bend })
}

/// What [`chooser`] chooses.
#[derive(Clone, Copy)]
pub enum Choice {
    First,
    Last,
    Outside,
}

/// A challenger that calls time before it is over, concedes, and plays the provider's moves.
pub struct Cheating(pub View);

impl Player for Cheating {
    fn respond(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        Some((now, respond(Party::Challenger, game, now, &mut self.0).ok()??))
    }

    fn interrupt(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        let until = game.turn()?.until;
        Some(match now % 4 {
            0 => (until, Move::Timeout),
            1 => (now, Move::Concede),
            2 => (now - 1, Move::Choose(0)),
            _ => (now, respond(Party::Provider, game, now, &mut self.0).ok()??),
        })
    }
}

/// A provider that opens a run of another length.
pub fn other_length(view: &View, change: Length) -> Box<dyn Player> {
    let bend = move |_: &Game, mut action: Move| {
        if let Move::Open(execution) = &mut action {
            execution.steps = change(execution.steps);
        }
        Some(action)
    };
    Box::new(Bent { solving: solving(Party::Provider, view), bend })
}

/// What a provider makes of the number of steps.
pub type Length = fn(u64) -> u64;

/// Lengths that a provider may lie about, by name.
pub const LENGTHS: [(&str, Length); 6] = [
    ("no steps", |_| 0),
    ("one step", |_| 1),
    ("a step too few", |steps| steps - 1),
    ("a step too many", |steps| steps + 1),
    ("the most steps", |_| MAX_STEPS),
    ("too many steps", |_| MAX_STEPS + 1),
];

/// A provider whose cuts are one root short, or one too long: pieces of unequal length.
pub fn unbalanced(view: &View, more: bool) -> Box<dyn Player> {
    let bend = move |_: &Game, mut action: Move| {
        if let Move::Cut(roots) | Move::Split(roots) = &mut action {
            match more {
                true => roots.push([7; 32]),
                false => roots.truncate(roots.len() - 1),
            }
        }
        Some(action)
    };
    Box::new(Bent { solving: solving(Party::Provider, view), bend })
}

/// A provider that posts roots that nobody has a preimage of.
pub fn noise(view: &View) -> Box<dyn Player> {
    let mut count = 0;
    let bend = move |_: &Game, mut action: Move| {
        if let Move::Cut(roots) | Move::Split(roots) = &mut action {
            roots.iter_mut().for_each(|root| {
                count += 1;
                *root = [count; 32];
            });
        }
        Some(action)
    };
    Box::new(Bent { solving: solving(Party::Provider, view), bend })
}

/// A provider that has copied its claim and the roots of the graph from another, and no run.
pub fn freeloader(view: &View) -> Box<dyn Player> {
    let bend = |game: &Game, action: Move| match game.turn()?.due {
        Due::Cut { layer: Layer::Graph, .. } => Some(action),
        _ => None,
    };
    Box::new(Bent { solving: solving(Party::Provider, view), bend })
}

/// A provider that opens its node with another first state: the strings of another view.
pub fn poisoned_opening(view: &View, other: &View) -> Box<dyn Player> {
    let mut other = other.clone();
    let bend = move |game: &Game, mut action: Move| {
        if let (Move::Open(execution), Due::Open { node }) = (&mut action, game.turn()?.due) {
            let strange = hyperdust_proof::game::Knowledge::execution(&mut other, node).ok()?;
            execution.inputs = strange.inputs;
        }
        Some(action)
    };
    Box::new(Bent { solving: solving(Party::Provider, view), bend })
}

/// A challenger that accepts whatever the provider posts: it has copied the provider's roots.
pub struct Copying;

impl Player for Copying {
    fn respond(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        match game.turn()?.due {
            Due::Choose { points, .. } => Some((now, Move::Choose(points.len() as u8 - 2))),
            _ => None,
        }
    }
}

/// A provider that concedes at once.
pub struct Conceding;

impl Player for Conceding {
    fn respond(&mut self, _: &Game, now: u64) -> Option<(u64, Move)> {
        Some((now, Move::Concede))
    }
}

/// A root that is not this one.
pub fn other_root(mut root: Hash) -> Hash {
    root[31] ^= 1;
    root
}
