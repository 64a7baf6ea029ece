//! Any byte string is a program or an error; one that passes the check runs in its stack and gives one number, the same every time.
#![no_main]

use borsh::BorshDeserialize;
use hyperdust_kernel::blueprint::{Program, limits};
use hyperdust_kernel::task::program::{Code, check};

/// A bit pattern of every kind: zeros, subnormals, ordinary numbers, infinities, NaN.
const VALUES: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-40,
    -1e-40,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    1e9,
    -3.7,
    100.0,
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(program) = Program::try_from_slice(bytes) else { return };
    let Ok(depth) = check(&program) else { return };
    assert!((1..=limits::PROGRAM_STACK).contains(&depth));
    let code = Code::compile(&program, |slice| Some(slice.start.into())).expect("it was checked");
    let mut values = [0.0; 256];
    for (i, value) in values.iter_mut().enumerate() {
        *value = VALUES[i % VALUES.len()];
    }
    let (first, second) = (code.evaluate(&values), code.evaluate(&values));
    assert!(first.to_bits() == second.to_bits() || (first.is_nan() && second.is_nan()), "{first} {second}");
    assert_ne!(first.to_bits(), 0x8000_0000, "a result of -0");
});
