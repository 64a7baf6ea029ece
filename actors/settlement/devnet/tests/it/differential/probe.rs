//! A contract written by hand that does what the first byte of its call says: everything of which nodes could make different things.

use alloy::primitives::Bytes;

/// What the contract does; arguments follow the first byte.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Deed {
    /// Writes slot (32 bytes) and value (32 bytes).
    Store,
    /// Returns the value of a slot (32 bytes).
    Load,
    /// A log with two topics (32 bytes each) and the rest as data.
    Log,
    /// Reverts with the rest.
    Revert,
    /// Returns the rest.
    Echo,
    /// Runs until the gas is gone.
    Loop,
    /// An instruction that is none.
    Invalid,
    /// An instruction that Shanghai added.
    Push0,
    /// Gives its coin to an address (32 bytes) and ends.
    Destroy,
    /// Makes a contract of the rest as its first code, and returns its address.
    Create,
    /// Calls an address (32 bytes) with the rest and all the coin it got; returns whether that went well.
    Call,
    /// Returns number, time, chain, base fee, gas limit, maker, own balance, gas price, origin.
    Setting,
}

const DEEDS: u8 = 12;

/// Code with places that are jumped to.
#[derive(Default)]
struct Code(Vec<u8>);

impl Code {
    fn op(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Pushes the word at byte `at` of the call.
    fn word(&mut self, at: u8) -> &mut Self {
        self.op(&[0x60, at, 0x35])
    }

    /// Copies the call from byte `at` to the start of memory, and pushes how much that is.
    fn rest(&mut self, at: u8) -> &mut Self {
        // calldatasize - at, twice; calldatacopy(0, at, length)
        self.op(&[0x60, at, 0x36, 0x03, 0x80, 0x60, at, 0x60, 0, 0x37])
    }
}

fn deed(which: u8) -> Vec<u8> {
    let mut code = Code::default();
    code.op(&[0x5b]);
    match which {
        // sstore(slot, value)
        0 => code.word(33).word(1).op(&[0x55, 0x00]),
        // mstore(0, sload(slot)); return(0, 32)
        1 => code.word(1).op(&[0x54, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]),
        // log2(0, length, topic, topic)
        2 => {
            code.rest(65);
            // length; then topics under it: swap until log2 finds offset, length, topic, topic
            code.word(33).word(1).op(&[0x91, 0x60, 0, 0xa2, 0x00])
        }
        3 => code.rest(1).op(&[0x60, 0, 0xfd]),
        4 => code.rest(1).op(&[0x60, 0, 0xf3]),
        // jumpdest; pc of it; jump
        5 => code.op(&[0x5b, 0x60, 3, 0x58, 0x03, 0x56]),
        6 => code.op(&[0xfe]),
        7 => code.op(&[0x5f, 0x00]),
        8 => code.word(1).op(&[0xff]),
        // mstore(0, create(callvalue, 0, length)); return(0, 32)
        9 => code.rest(1).op(&[0x60, 0, 0x34, 0xf0, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]),
        // mstore(0, call(gas, target, callvalue, 0, length, 0, 0)); return(0, 32)
        10 => {
            // stack for call: gas target value in insize out outsize, top first
            code.op(&[0x60, 0, 0x60, 0]).rest(33).op(&[0x60, 0, 0x34]).word(1);
            code.op(&[0x5a, 0xf1, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3])
        }
        _ => {
            for (index, op) in [0x43, 0x42, 0x46, 0x48, 0x45, 0x41, 0x47, 0x3a, 0x32].into_iter().enumerate() {
                code.op(&[op]).op(&[0x61]).op(&(index as u16 * 32).to_be_bytes()).op(&[0x52]);
            }
            code.op(&[0x61]).op(&(9u16 * 32).to_be_bytes()).op(&[0x60, 0, 0xf3])
        }
    };
    code.0
}

/// The contract's code.
pub fn runtime() -> Vec<u8> {
    let deeds: Vec<Vec<u8>> = (0..DEEDS).map(deed).collect();
    // shr(248, calldataload(0)), then for each deed: dup1; push its number; eq; push its place; jumpi. No deed: stop, which takes coin.
    let mut code = vec![0x60, 0, 0x35, 0x60, 248, 0x1c];
    let mut place = code.len() + deeds.len() * 8 + 1;
    for (number, deed) in deeds.iter().enumerate() {
        code.extend([0x80, 0x60, number as u8, 0x14, 0x61]);
        code.extend((place as u16).to_be_bytes());
        code.push(0x57);
        place += deed.len();
    }
    code.push(0x00);
    code.extend(deeds.concat());
    code
}

/// The code that leaves `runtime` behind.
pub fn creation(runtime: &[u8]) -> Bytes {
    let length = (runtime.len() as u16).to_be_bytes();
    // codecopy(0, 12, length); return(0, length)
    let mut code = vec![0x61, length[0], length[1], 0x80, 0x60, 12, 0x60, 0, 0x39, 0x60, 0, 0xf3];
    assert_eq!(code.len(), 12);
    code.extend_from_slice(runtime);
    code.into()
}

/// A call of the contract.
pub fn call(deed: Deed, arguments: &[&[u8]]) -> Bytes {
    let mut call = vec![deed as u8];
    call.extend(arguments.concat());
    call.into()
}
