//! One tree everywhere: what the kernel calls the root of a byte string is what the proof machine's memory gives for it.

use hyperdust_kernel::merkle::{Kind, root};
use hyperdust_proof::tree::Head;
use hyperdust_tests::scenes;

#[test]
fn the_kernel_and_the_proof_machine_have_one_tree() {
    let bytes: Vec<u8> = (0..3000_u32).map(|i| (i * 7 % 251) as u8).collect();
    for kind in [Kind::BLUEPRINT, Kind::SNAPSHOT] {
        for length in (0..=130).chain([1023, 1024, 1025, 2999, 3000]) {
            assert_eq!(root(kind, &bytes[..length]), Head::of(kind.word(), &bytes[..length]).root(), "{length} bytes");
        }
    }
    for (name, model) in scenes() {
        let bytes = model.blueprint().encode().expect("a valid blueprint has bytes");
        assert_eq!(model.id().0, Head::of(Kind::BLUEPRINT.word(), &bytes).root(), "{name}");
    }
}
