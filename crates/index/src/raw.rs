//! The only file of the crate with `unsafe`: what there is no safe form for.
#![allow(unsafe_code, reason = "what there is no safe form for")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m128i, __m256, __m512i};
use std::fs::File;
use std::io;

use memmap2::Mmap;

#[cfg(target_arch = "x86_64")]
use crate::kernel::{Avx2, Avx512};

/// A file's bytes as memory.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes must not change while they are mapped. This crate never writes into a file that has its final
    // name, and the functions that map files ask the same of the caller.
    unsafe { Mmap::map(file) }
}

/// Asks for a value's cache lines.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn prefetch<T>(value: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    const CACHE_LINE: usize = 64;
    for line in 0..size_of::<T>().div_ceil(CACHE_LINE) {
        let first = std::ptr::from_ref(value).cast::<i8>();
        // SAFETY: every x86-64 processor has this instruction, and the address lies in `value`.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(first.add(line * CACHE_LINE)) };
    }
}

/// Adds the products of four unsigned and four signed bytes to each sum.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn dot_bytes(_proof: Avx512, sums: __m512i, unsigned: __m512i, signed: __m512i) -> __m512i {
    // SAFETY: the proof is of a processor with AVX-512 F and VNNI.
    unsafe { std::arch::x86_64::_mm512_dpbusd_epi32(sums, unsigned, signed) }
}

/// Half-precision floats in single precision.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn halves_to_f32(_proof: Avx2, halves: __m128i) -> __m256 {
    // SAFETY: the proof is of a processor with F16C.
    unsafe { std::arch::x86_64::_mm256_cvtph_ps(halves) }
}
