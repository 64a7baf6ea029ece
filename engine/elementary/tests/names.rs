//! Methods of `f32` are `libm`'s wherever this crate is linked: the very calls that dependencies make.

use std::hint::black_box;

use hyperdust_elementary as _;

/// 2¹⁸ numbers of every magnitude and sign, infinities and NaN included.
fn numbers() -> impl Iterator<Item = f32> {
    (0..=u32::MAX >> 14).map(|high| f32::from_bits(high << 14 | high >> 4))
}

fn same(name: &str, std: fn(f32) -> f32, libm: fn(f32) -> f32) {
    for x in numbers() {
        let (a, b) = (black_box(std)(black_box(x)), libm(x));
        assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{name}({x:?}): {a:?}, {b:?}");
    }
}

#[test]
fn methods_are_those_of_libm() {
    same("acos", f32::acos, libm::acosf);
    same("asin", f32::asin, libm::asinf);
    same("atan", f32::atan, libm::atanf);
    same("cbrt", f32::cbrt, libm::cbrtf);
    same("cos", f32::cos, libm::cosf);
    same("cosh", f32::cosh, libm::coshf);
    same("exp", f32::exp, libm::expf);
    same("exp2", f32::exp2, libm::exp2f);
    same("exp_m1", f32::exp_m1, libm::expm1f);
    same("ln", f32::ln, libm::logf);
    same("ln_1p", f32::ln_1p, libm::log1pf);
    same("log10", f32::log10, libm::log10f);
    same("log2", f32::log2, libm::log2f);
    same("sin", f32::sin, libm::sinf);
    same("sinh", f32::sinh, libm::sinhf);
    same("tan", f32::tan, libm::tanf);
    same("tanh", f32::tanh, libm::tanhf);
    same("sin_cos", |x| x.sin_cos().0, libm::sinf);
    same("sin_cos", |x| x.sin_cos().1, libm::cosf);
    same("powf", |x| x.powf(0.3), |x| libm::powf(x, 0.3));
    same("atan2", |x| x.atan2(0.3), |x| libm::atan2f(x, 0.3));
    same("hypot", |x| x.hypot(0.3), |x| libm::hypotf(x, 0.3));
}
