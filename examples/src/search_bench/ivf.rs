use std::time::Instant;

use soundalike_index::{IvfConfig, IvfIndex, Neighbor};

use super::options::BATCH;
use super::oracle::AT;
use super::sampler::cpu_seconds;
use super::{Data, IvfFigures, IvfPoint, Plan, Sampler, Truth};
use crate::cli::Outcome;

/// Builds an inverted file, on one thread, and measures it.
///
/// # Errors
/// Those of the index.
pub fn measure_ivf(plan: &Plan, data: &Data, truth: &Truth) -> Outcome<IvfFigures> {
    let o = &plan.options;
    let sampler = Sampler { seconds: o.seconds };
    let config = IvfConfig::new(o.dim, o.nlist)
        .with_metric(o.metric.metric())
        .with_rescore(o.rescore)
        .with_seed(o.seed);
    let ids: Vec<u64> = (0..data.len() as u64).collect();
    let (before, start) = (cpu_seconds(), Instant::now());
    let mut index = IvfIndex::train(&config, &data.vectors)?;
    index.add_batch(&ids, &data.vectors)?;
    let wall = start.elapsed().as_secs_f64();
    let build_s = cpu_seconds().zip(before).map_or(wall, |(now, then)| now - then);
    index.set_margin(o.margin);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(o.threads).build()?;
    let queries: Vec<&[f32]> = data.each_query().collect();
    let mut points = Vec::new();
    for nprobe in &o.ivf {
        index.set_nprobe(*nprobe);
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
        let single = sampler.median(|i| {
            let query = queries.get(i % queries.len()).copied().unwrap_or(&[]);
            Ok(search(query, o.k)?)
        })?;
        let batches: Vec<&[f32]> = data.queries.chunks_exact(BATCH * data.dim).collect();
        let batched = sampler.median(|i| {
            let queries = batches.get(i % batches.len()).copied().unwrap_or(&[]);
            Ok(batch(queries, o.k)?)
        })?;
        points.push(IvfPoint {
            nprobe: *nprobe,
            single_ms: single.ms(o.threads),
            queries_per_s: 1e3 / single.ms(o.threads),
            batch_queries_per_s: BATCH as f64 * 1e3 / batched.ms(o.threads),
            recall_at_10: truth.recall(answers.iter().map(Vec::as_slice)),
        });
    }
    Ok(IvfFigures { nlist: o.nlist, build_s, memory_bytes: index.memory_bytes(), points })
}
