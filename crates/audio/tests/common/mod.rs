//! Files made by hand, byte by byte, and signals to put into them.

// Each test crate takes what it needs of this module.
#![allow(dead_code, unreachable_pub)]

use std::f64::consts::TAU;
use std::path::PathBuf;

/// Sine of amplitude 0.5.
pub fn tone(hz: f64, rate: u32, len: usize) -> Vec<f32> {
    (0..len).map(|i| (0.5 * (TAU * hz * i as f64 / f64::from(rate)).sin()) as f32).collect()
}

/// White noise from splitmix64, uniform in -0.5 to 0.5.
pub fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut random = SplitMix(seed);
    (0..len).map(|_| (random.next() >> 40) as f32 / (1_u64 << 24) as f32 - 0.5).collect()
}

/// The splitmix64 generator (Steele, Lea, Flood 2014).
pub struct SplitMix(pub u64);

impl SplitMix {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// A WAV file: `kind` 1 for integers, 3 for floating point.
pub fn wav(kind: u16, bits: u16, channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let align = channels * bits / 8;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + data.len() as u32).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0");
    for word in [kind, channels] {
        out.extend(word.to_le_bytes());
    }
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(align)).to_le_bytes());
    for word in [align, bits] {
        out.extend(word.to_le_bytes());
    }
    out.extend(b"data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

/// A mono or interleaved 16-bit WAV.
pub fn wav16(channels: u16, rate: u32, samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| ((s * 32_768.0).round() as i16).to_le_bytes()).collect();
    wav(1, 16, channels, rate, &data)
}

/// A 16-bit AIFF with a NAME chunk. `rate` must be below 65,536.
pub fn aiff16(channels: u16, rate: u16, samples: &[f32], name: &str) -> Vec<u8> {
    // The rate as an 80-bit float: exponent, then the mantissa with its leading one.
    let shift = rate.leading_zeros();
    let mut comm = channels.to_be_bytes().to_vec();
    comm.extend((samples.len() as u32 / u32::from(channels)).to_be_bytes());
    comm.extend(16_u16.to_be_bytes());
    comm.extend((16_383 + 15 - shift as u16).to_be_bytes());
    comm.extend((u64::from(rate) << (48 + shift)).to_be_bytes());
    let mut ssnd = vec![0; 8];
    ssnd.extend(samples.iter().flat_map(|s| ((s * 32_768.0).round() as i16).to_be_bytes()));
    let mut body = b"AIFF".to_vec();
    for (kind, chunk) in [(b"COMM", comm), (b"NAME", name.as_bytes().to_vec()), (b"SSND", ssnd)] {
        body.extend(kind);
        body.extend((chunk.len() as u32).to_be_bytes());
        body.extend(&chunk);
        body.extend(&vec![0; chunk.len() % 2]);
    }
    let mut out = b"FORM".to_vec();
    out.extend((body.len() as u32).to_be_bytes());
    out.extend(body);
    out
}

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name)
}

/// The mono mix of the fixtures' chirp (see `fixtures/make.sh`).
pub fn chirp(rate: u32, len: usize) -> Vec<f32> {
    let at = |i: usize| {
        let t = i as f64 / f64::from(rate);
        (0.375 * (TAU * (200.0 * t + 2_600.0 * t * t)).sin()) as f32
    };
    (0..len).map(at).collect()
}
