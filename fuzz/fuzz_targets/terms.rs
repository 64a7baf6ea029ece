//! Any byte string is a session's terms or an error; terms come back from their own bytes, which are canonical.
#![no_main]

use hyperdust_actors::companion::session::Session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(session) = Session::decode(bytes) else { return };
    let encoded = session.encode();
    assert_eq!(Session::decode(&encoded).expect("its own bytes"), session);
    assert_eq!(session.clone().with(session.clone()).expect("the same terms"), session);
});
