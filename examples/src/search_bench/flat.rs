use soundalike_index::{Dtype, Filter, FlatIndex, FlatIndexConfig, Neighbor};

use super::options::BATCH;
use super::oracle::AT;
use super::{Data, Filtered, FlatFigures, Limits, Plan, Sampler, Truth};
use crate::cli::Outcome;

/// Queries whose filtered answers are held to the truth.
const CHECKED: usize = 10;

/// Builds an exact index and measures it.
///
/// # Errors
/// Those of the index.
pub fn measure_flat(
    plan: &Plan,
    data: &Data,
    truth: &Truth,
    limits: &Limits,
) -> Outcome<(FlatFigures, Vec<Filtered>)> {
    let o = &plan.options;
    let sampler = Sampler { seconds: o.seconds };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(o.threads).build()?;
    let config = FlatIndexConfig::new(o.dim)
        .with_metric(o.metric.metric())
        .with_dtype(o.dtype.dtype())
        .with_rescore(o.rescore);
    let n = data.len();
    let mut index = FlatIndex::new(&config)?;
    let ids: Vec<u64> = (0..n as u64).collect();
    let start = super::sampler::cpu_seconds();
    let clock = std::time::Instant::now();
    index.add_batch(&ids, &data.vectors)?;
    index.set_row_copy(o.row_copy);
    let wall = clock.elapsed().as_secs_f64();
    let build_s = super::sampler::cpu_seconds().zip(start).map_or(wall, |(now, then)| now - then);
    drop(ids);

    let queries: Vec<&[f32]> = data.each_query().collect();
    let query = |i: usize| queries.get(i % queries.len()).copied().unwrap_or(&[]);
    let search = |query: &[f32], k: usize| {
        if o.threads > 1 { pool.install(|| index.par_search(query, k)) } else { index.search(query, k) }
    };
    let batch = |queries: &[f32], k: usize| {
        if o.threads > 1 {
            pool.install(|| index.par_search_batch(queries, k))
        } else {
            index.search_batch(queries, k)
        }
    };
    let answers = queries.iter().take(truth.queries()).map(|query| search(query, AT));
    let answers = answers.collect::<Result<Vec<Vec<Neighbor>>, _>>()?;
    let single = sampler.median(|i| Ok(search(query(i), o.k)?))?;
    let batches: Vec<&[f32]> = data.queries.chunks_exact(BATCH * data.dim).collect();
    let batched = sampler.median(|i| {
        let queries = batches.get(i % batches.len()).copied().unwrap_or(&[]);
        Ok(batch(queries, o.k)?)
    })?;
    let (single_ms, batch100_ms) = (single.ms(o.threads), batched.ms(o.threads));
    let read_gb_per_s = (n * scanned_bytes(&config)) as f64 / single_ms / 1e6;
    let gflop_per_s = 2.0 * (n * BATCH * o.dim) as f64 / batch100_ms / 1e6;
    let figures = FlatFigures {
        build_s,
        bytes_per_vector: index.bytes_per_vector(),
        memory_bytes: index.memory_bytes(),
        single_ms,
        single_wall_ms: single.wall_ms,
        read_gb_per_s,
        bandwidth_fraction: read_gb_per_s / limits.read_gb_per_s,
        batch100_ms,
        batch100_wall_ms: batched.wall_ms,
        gflop_per_s,
        fma_fraction: gflop_per_s / limits.fma_gflop_per_s,
        recall_at_10: truth.recall(answers.iter().map(Vec::as_slice)),
    };

    let mut filtered = Vec::new();
    for share in &o.filter {
        let accept = |id: u64| accepted(id, *share);
        let made = std::time::Instant::now();
        let set = index.filter(accept);
        let make_ms = made.elapsed().as_secs_f64() * 1e3;
        let filter = Filter::Bitset(&set);
        let truth = Truth::new(data, o.metric.metric(), CHECKED, accept);
        let answers = queries.iter().take(CHECKED).map(|query| index.search_filtered(query, AT, &filter));
        let answers = answers.collect::<Result<Vec<Vec<Neighbor>>, _>>()?;
        if answers.iter().flatten().any(|n| !accept(n.id)) {
            return Err("a search returned what its filter excludes".into());
        }
        let search = |query: &[f32]| {
            if o.threads > 1 {
                pool.install(|| index.par_search_filtered(query, o.k, &filter))
            } else {
                index.search_filtered(query, o.k, &filter)
            }
        };
        let single = sampler.median(|i| Ok(search(query(i))?))?;
        filtered.push(Filtered {
            share: *share,
            matches: set.count(),
            make_ms,
            single_ms: single.ms(o.threads),
            single_wall_ms: single.wall_ms,
            times_unfiltered: single_ms / single.ms(o.threads),
            recall_at_10: truth.recall(answers.iter().map(Vec::as_slice)),
        });
    }
    Ok((figures, filtered))
}

/// Bytes of a vector that a scan reads.
fn scanned_bytes(config: &FlatIndexConfig) -> usize {
    match config.dtype {
        Dtype::F16 => 2 * config.dim,
        Dtype::Int8 => config.dim.next_multiple_of(4) + 4,
        _ => 4 * config.dim,
    }
}

/// A share of all ids, without a pattern that a block could see.
pub(super) fn accepted(id: u64, share: f64) -> bool {
    let mixed = (id ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 11) as f64) < share * (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met() {
        for share in [0.5, 0.1, 0.01, 0.001] {
            let count = (0..1_000_000).filter(|id| accepted(*id, share)).count() as f64;
            assert!((count / 1e6 / share - 1.0).abs() < 0.1, "{share}: {count}");
        }
        assert!((0..1000).all(|id| accepted(id, 1.0)));
    }
}
