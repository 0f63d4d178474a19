use std::path::Path;

use rayon::prelude::*;

use crate::cli::Outcome;

/// Clusters of [`Data::clustered`]; the r-th holds a share of the vectors that goes with 1 / r (Zipf's law).
const CLUSTERS: usize = 2000;
/// Dimensions of the space that the centres lie in, and of each cluster's own spread.
const CENTRE_DIMS: usize = 24;
const LOCAL_DIMS: usize = 12;
/// Standard deviation of the noise in every component; that of the centres and of the spread is 1.
const NOISE: f64 = 1.5;

/// Vectors and queries, row by row, of one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Components of each.
    pub dim: usize,
    /// `[n][dim]`
    pub vectors: Vec<f32>,
    /// `[queries][dim]`, held out: none is among the vectors.
    pub queries: Vec<f32>,
}

impl Data {
    /// Directions without any structure. Equal arguments give equal bits.
    #[must_use]
    pub fn random(n: usize, queries: usize, dim: usize, seed: u64) -> Self {
        let draw = |row: u64, out: &mut [f32]| {
            let mut noise = Noise::new(seed, row);
            out.fill_with(|| noise.normal() as f32);
        };
        Self::drawn(n, queries, dim, draw)
    }

    /// Directions in 2,000 clusters of very different size: centres in 24 dimensions, a spread in 12 dimensions that
    /// each cluster has of its own, and noise in all. The noise makes neighbours lie in many lists: at 200,000 x 64,
    /// FAISS with 512 lists has to look into 128 of them for a recall of 0.978.
    #[must_use]
    pub fn clustered(n: usize, queries: usize, dim: usize, seed: u64) -> Self {
        let mut noise = Noise::new(seed, u64::MAX);
        let mut normals = |count: usize, dims: usize| -> Vec<f64> {
            let scale = (dims as f64).sqrt();
            (0..count).map(|_| noise.normal() / scale).collect()
        };
        let plane = normals(CENTRE_DIMS * dim, CENTRE_DIMS);
        let spreads = normals(CLUSTERS * LOCAL_DIMS * dim, LOCAL_DIMS);
        let coordinates = normals(CLUSTERS * CENTRE_DIMS, 1);
        let mut centres = vec![0.0; CLUSTERS * dim];
        for (centre, at) in centres.chunks_exact_mut(dim).zip(coordinates.chunks_exact(CENTRE_DIMS)) {
            add_combination(centre, at.iter().copied(), &plane);
        }
        let mut ends = Vec::with_capacity(CLUSTERS);
        let mut end = 0.0;
        for rank in 1..=CLUSTERS {
            end += 1.0 / rank as f64;
            ends.push(end);
        }
        let draw = |row: u64, out: &mut [f32]| {
            let mut noise = Noise::new(seed, row);
            let place = noise.uniform() * end;
            let cluster = ends.partition_point(|end| *end <= place).min(CLUSTERS - 1);
            let centre = centres.iter().skip(cluster * dim).take(dim);
            let mut vector: Vec<f64> = centre.map(|centre| centre + NOISE * noise.normal()).collect();
            let spread = spreads.get(cluster * LOCAL_DIMS * dim..).unwrap_or(&[]);
            add_combination(&mut vector, (0..LOCAL_DIMS).map(|_| noise.normal()), spread);
            for (out, value) in out.iter_mut().zip(vector) {
                *out = value as f32;
            }
        };
        Self::drawn(n, queries, dim, draw)
    }

    fn drawn(n: usize, queries: usize, dim: usize, draw: impl Fn(u64, &mut [f32]) + Sync) -> Self {
        let rows = |first: usize, count: usize| {
            let mut values = vec![0.0; count * dim];
            values.par_chunks_exact_mut(dim).enumerate().for_each(|(row, out)| {
                draw((first + row) as u64, out);
                normalise(out);
            });
            values
        };
        Self { dim, vectors: rows(0, n), queries: rows(n, queries) }
    }

    /// Reads files of raw little-endian `f32`.
    ///
    /// # Errors
    /// Those of the file system; a file that is no whole number of vectors, or holds none; each with the path.
    pub fn read(vectors: &Path, queries: &Path, dim: usize) -> Outcome<Self> {
        Ok(Self { dim, vectors: read(vectors, dim)?, queries: read(queries, dim)? })
    }

    /// How many vectors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vectors.len() / self.dim
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The queries one by one.
    pub fn each_query(&self) -> std::slice::ChunksExact<'_, f32> {
        self.queries.chunks_exact(self.dim)
    }
}

fn read(path: &Path, dim: usize) -> Outcome<Vec<f32>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(4 * dim) {
        let what = format!("{} bytes are no vectors of {dim} components of f32", bytes.len());
        return Err(format!("{}: {what}", path.display()).into());
    }
    let (values, _) = bytes.as_chunks::<4>();
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Adds the rows of `rows`, each times its weight.
fn add_combination(to: &mut [f64], weights: impl Iterator<Item = f64>, rows: &[f64]) {
    for (weight, row) in weights.zip(rows.chunks_exact(to.len())) {
        for (to, value) in to.iter_mut().zip(row) {
            *to += weight * value;
        }
    }
}

fn normalise(vector: &mut [f32]) {
    let norm = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    for value in &mut *vector {
        *value = (f64::from(*value) / norm) as f32;
    }
}

/// Random numbers that each row has of its own (splitmix64), so that any number of threads draws the same.
struct Noise(u64);

impl Noise {
    fn new(seed: u64, row: u64) -> Self {
        // The first number of a row is mixed from both, so that rows do not share a sequence with an offset.
        let mut start = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ row.rotate_left(32));
        Self(start.next() ^ row)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nearly normal, mean 0, deviation 1: the sum of four uniform numbers of 16 bits, by the central limit theorem.
    fn normal(&mut self) -> f64 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xffff).sum();
        let variance = (65536.0f64 * 65536.0 - 1.0) / 12.0 * 4.0;
        (sum as f64 - 2.0 * 65535.0) / variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_unit_seeded_and_held_out() {
        for make in [Data::random, Data::clustered] {
            let data = make(300, 20, 17, 5);
            assert_eq!((data.len(), data.each_query().len()), (300, 20));
            for vector in data.vectors.chunks_exact(17).chain(data.each_query()) {
                let norm: f64 = vector.iter().map(|v| f64::from(*v).powi(2)).sum();
                assert!((norm - 1.0).abs() < 1e-6, "{norm}");
            }
            assert_eq!(data, make(300, 20, 17, 5));
            assert_ne!(data.vectors, make(300, 20, 17, 6).vectors);
            // More of them begin with the same ones, and the queries come after.
            let more = make(310, 20, 17, 5);
            assert_eq!(more.vectors[..300 * 17], data.vectors);
            assert_eq!(more.vectors[300 * 17..], data.queries[..10 * 17]);
        }
    }

    #[test]
    fn normals_have_mean_0_and_deviation_1() {
        let mut noise = Noise::new(1, 2);
        let values: Vec<f64> = (0..100_000).map(|_| noise.normal()).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn clusters_are_nearer_than_chance() {
        let nearest = |data: &Data| -> f32 {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let best = |q: &[f32]| data.vectors.chunks_exact(64).map(|v| dot(q, v)).fold(-1.0, f32::max);
            data.each_query().map(best).sum::<f32>() / 50.0
        };
        // Ten to a cluster.
        let (plain, clustered) = (Data::random(20_000, 50, 64, 1), Data::clustered(20_000, 50, 64, 1));
        let (plain, clustered) = (nearest(&plain), nearest(&clustered));
        assert!(clustered > plain + 0.05, "{clustered} {plain}");
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.f32");
        let read = || Data::read(&path, &path, 2).map_err(|e| e.to_string());
        assert!(read().unwrap_err().contains("v.f32"));
        for (bytes, fits) in [(0, false), (7, false), (12, false), (16, true)] {
            std::fs::write(&path, vec![0; bytes]).unwrap();
            assert_eq!(read().is_ok(), fits, "{bytes}");
        }
    }
}
