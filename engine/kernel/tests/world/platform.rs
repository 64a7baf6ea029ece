//! Whoever links the kernel computes with `libm`, also where a dependency calls a method of `f32`.

use std::hint::black_box;

/// The two functions that Rapier and Parry do call (`hyperdust-elementary` tests all of them). The platform's `acos` of 0 is
/// another number, on Linux at least: so this fails where the names are not replaced.
#[test]
fn no_elementary_function_is_the_platforms() {
    let _world = crate::model(crate::fixture::ball());
    for high in 0..=u32::MAX >> 16 {
        let x = f32::from_bits(high << 16 | high);
        for (name, std, libm) in
            [("acos", f32::acos as fn(f32) -> f32, libm::acosf(x)), ("cos", f32::cos, libm::cosf(x))]
        {
            let found = black_box(std)(black_box(x));
            assert!(found.to_bits() == libm.to_bits() || found.is_nan() && libm.is_nan(), "{name}({x:?}): {found:?}");
        }
    }
}
