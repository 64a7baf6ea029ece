//! Elementary functions of `f32`, under the names by which compiled code calls the platform's: the same bits everywhere.
//!
//! `enhanced-determinism` has Rapier, Parry and glamx take `acos` and the like from a trait that is made of `libm`. But a method of
//! `f32` itself goes before a trait's, and those of `std` are there in every crate one of whose dependencies uses `std` (Parry's
//! `indexmap` does; the `no_std` above the crate does not help). So their `x.acos()` ends in a call of `acosf` from the
//! system's mathematics library, whose last bit differs from machine to machine, and from the proof machine's, where that name is
//! Rust's `libm`. Principal axes of inertia and the normals of meshes are computed with it.
//!
//! Whoever links this crate has the names defined by it, so whatever is called in whichever way is `libm`. Functions that IEEE 754
//! fixes (`sqrtf`, `floorf`, `fmodf`, …) are the same everywhere and are left alone.
//!
//! The names are hidden: nobody who loads a library of ours is given them, and nobody's library gives us others.
#![no_std]

macro_rules! replace {
    ($($name:ident($($argument:ident),*);)*) => {$(
        #[doc = concat!("`libm::", stringify!($name), "`.")]
        // SAFETY: the platform's function of this name has the same signature and the same meaning.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: f32),*) -> f32 {
            libm::$name($($argument),*)
        }

        // Otherwise a shared library would call the first that was loaded, which is the platform's.
        #[cfg(target_os = "linux")]
        core::arch::global_asm!(concat!(".hidden ", stringify!($name)));
    )*};
}

replace! {
    acosf(x);
    acoshf(x);
    asinf(x);
    asinhf(x);
    atan2f(y, x);
    atanf(x);
    atanhf(x);
    cbrtf(x);
    cosf(x);
    coshf(x);
    exp2f(x);
    expf(x);
    expm1f(x);
    hypotf(x, y);
    log10f(x);
    log1pf(x);
    log2f(x);
    logf(x);
    powf(x, y);
    sinf(x);
    sinhf(x);
    tanf(x);
    tanhf(x);
}

/// `libm::sincosf`: what a sine and a cosine of the same number are compiled to.
///
/// # Safety
/// Both pointers can be written to.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sincosf(x: f32, sine: *mut f32, cosine: *mut f32) {
    let (s, c) = libm::sincosf(x);
    // SAFETY: the caller's promise.
    unsafe {
        sine.write(s);
        cosine.write(c);
    }
}

#[cfg(target_os = "linux")]
core::arch::global_asm!(".hidden sincosf");
