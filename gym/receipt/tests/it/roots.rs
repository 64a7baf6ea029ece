//! Running roots and list roots are the documented hashes, and only items of a list open.

use hyperdust_receipt::{Hash, chain, list};
use proptest::prelude::*;

use crate::keccak;

/// Three words, written out by hand.
#[test]
fn a_running_root_is_the_documented_hash() {
    let mut words = [0; 96];
    words[..22].copy_from_slice(b"hyperdust action chain");
    words[64..].fill(7);
    let first = keccak(words);
    assert_eq!(chain::next(chain::ACTIONS, &chain::START, &[7; 32]), first);
    words[32..64].copy_from_slice(&first);
    assert_eq!(chain::extend(chain::ACTIONS, &chain::START, &[[7; 32], [7; 32]]), keccak(words));
    assert_ne!(chain::next(chain::OUTPUTS, &chain::START, &[7; 32]), first, "outputs are another kind");
}

/// Three items and the zero leaf that fills the tree: the head is `(kind, 96, tree)`.
#[test]
fn a_list_root_is_the_documented_hash() {
    let items = [[1; 32], [2; 32], [3; 32]];
    let pair = |left: &Hash, right: &Hash| keccak([*left, *right].as_flattened());
    let tree = pair(&pair(&items[0], &items[1]), &pair(&items[2], &[0; 32]));
    let (mut kind, mut length) = ([0; 32], [0; 32]);
    kind[..15].copy_from_slice(b"hyperdust lanes");
    length[31] = 96;
    assert_eq!(list::root(list::LANES, &items), keccak([kind, length, tree].as_flattened()));
}

proptest! {
    /// Every item opens under its own root, count, kind and place, and under no other; what fills the tree does not open.
    #[test]
    fn items_open_and_nothing_else_does(items in prop::collection::vec(any::<Hash>(), 0..20), bit in 0usize..256) {
        let (count, root) = (items.len() as u64, list::root(list::LANES, &items));
        for index in 0..count {
            let proof = list::prove(&items, index).unwrap();
            prop_assert_eq!(proof.leaf, items[index as usize]);
            prop_assert!(list::verify(list::LANES, count, &root, &proof));
            prop_assert!(!list::verify(chain::ACTIONS, count, &root, &proof));
            prop_assert!(!list::verify(list::LANES, count + 1, &root, &proof));
            prop_assert!(!list::verify(list::LANES, u64::MAX, &root, &proof));
            let mut other = proof;
            other.leaf[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!list::verify(list::LANES, count, &root, &other));
        }
        prop_assert_eq!(list::prove(&items, count), None);
        let filler = hyperdust_merkle::prove(items.as_flattened(), count);
        if let Some(filler) = filler {
            prop_assert!(hyperdust_merkle::verify(list::LANES, 32 * count, &root, &filler), "a leaf of the tree");
            prop_assert!(!list::verify(list::LANES, count, &root, &filler), "but no item");
        }
    }
}
