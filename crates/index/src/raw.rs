//! The only file of the crate with `unsafe`: what there is no safe form for.
#![allow(unsafe_code, reason = "what there is no safe form for")]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// A file's bytes as memory.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes must not change while they are mapped. This crate never writes into a file that has its final
    // name, and the functions that map files ask the same of the caller.
    unsafe { Mmap::map(file) }
}
