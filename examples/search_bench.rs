//! How fast vectors are searched here: time, GB/s and GFLOP/s beside what the machine can do at best.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use soundalike_examples::cli::{self, Outcome, interrupted, write_json};
use soundalike_examples::say;
use soundalike_examples::search_bench::{
    Filtered, FlatFigures, IvfFigures, Limits, Options, Plan, Report, Truth, measure_flat, measure_ivf,
};

/// Measures exact and approximate search over random vectors of length one, or over those of a file.
///
/// Figures are medians; of one thread they are processor time, of more they are on the wall. The limits are measured in
/// the same run: reading an array of 512 MiB, and fused multiply-adds on registers. Recall is against answers computed
/// in double precision by a plain loop. A batch has 100 queries.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true, allow_negative_numbers = true)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// Also write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    cli::run(|| run(Args::parse()))
}

fn run(args: Args) -> Outcome<()> {
    let plan = Plan::new(args.options)?;
    plan.level.set_limit();
    let data = plan.data()?;
    let o = &plan.options;
    let (n, dim) = (data.len(), data.dim);
    say!("{n} x {dim}, {}, {:?}, k {}, threads {}, {}", plan.source(), o.dtype, o.k, o.threads, plan.level);
    let limits = Limits::measure(plan.level, o.threads, o.seconds);
    say!("limits: {:.1} GB/s read, {:.0} GFLOP/s f32", limits.read_gb_per_s, limits.fma_gflop_per_s);
    let checked = o.checked.unwrap_or(usize::MAX).min(data.each_query().len());
    let truth = Truth::new(&data, o.metric.metric(), checked, |_| true);
    let (flat, filtered) = measure_flat(&plan, &data, &truth, &limits)?;
    say_flat(&flat);
    say_filtered(&filtered);
    let mut report = Report::new(&plan, n, truth.queries(), limits, flat);
    report.filtered = filtered;
    if !o.ivf.is_empty() && !interrupted() {
        let ivf = measure_ivf(&plan, &data, &truth)?;
        say_ivf(&ivf);
        report.ivf = Some(ivf);
    }
    match &args.json {
        Some(path) if !interrupted() => write_json(path, &report),
        _ => Ok(()),
    }
}

fn say_flat(f: &FlatFigures) {
    let gb = |bytes: usize| bytes as f64 / 1e9;
    say!("built in {:.2} s, {:.3} GB, {} bytes a vector", f.build_s, gb(f.memory_bytes), f.bytes_per_vector);
    let share = 100.0 * f.bandwidth_fraction;
    say!("one query     {:9.4} ms  {:7.1} GB/s, {share:.0} % of the limit", f.single_ms, f.read_gb_per_s);
    let share = 100.0 * f.fma_fraction;
    say!("batch of 100  {:9.3} ms  {:7.1} GFLOP/s, {share:.0} % of the limit", f.batch100_ms, f.gflop_per_s);
    say!("recall@10     {:9.4}", f.recall_at_10);
}

fn say_filtered(filtered: &[Filtered]) {
    for f in filtered {
        say!(
            "filter {:6.2} % {:9.4} ms, {:.2} times as fast as without; bitset made in {:.2} ms; recall@10 {:.4}",
            100.0 * f.share,
            f.single_ms,
            f.times_unfiltered,
            f.make_ms,
            f.recall_at_10
        );
    }
}

fn say_ivf(ivf: &IvfFigures) {
    say!("inverted file of {} lists, built in {:.2} s", ivf.nlist, ivf.build_s);
    for p in &ivf.points {
        say!(
            "nprobe {:5}  {:9.4} ms  {:7.0} queries/s, batched {:7.0}; recall@10 {:.4}",
            p.nprobe,
            p.single_ms,
            p.queries_per_s,
            p.batch_queries_per_s,
            p.recall_at_10
        );
    }
}
