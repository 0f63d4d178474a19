//! The losses by double loops over rows in double precision, from their formulas.

/// `A` in "All others", `P` in "positive and negatives", `N` in "negatives only".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Below {
    A,
    P,
    N,
}

pub(crate) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (unit(a), unit(b));
    a.iter().zip(&b).map(|(a, b)| a * b).sum()
}

fn unit(a: &[f64]) -> Vec<f64> {
    let length = distance(a, &vec![0.0; a.len()]);
    a.iter().map(|a| if length < 1e-30 { 0.0 } else { a / length }).collect()
}

pub(crate) fn normalized(z: &[Vec<f64>]) -> Vec<Vec<f64>> {
    z.iter().map(|row| unit(row)).collect()
}

pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn log_sum_exp(logits: &[f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logits.iter().map(|l| (l - largest).exp()).sum::<f64>().ln()
}

/// -log(exp(positive) / sum): `None` where undefined.
fn pair(positive: f64, other_positives: &[f64], negatives: &[f64], below: Below) -> Option<f64> {
    let mut sum = negatives.to_vec();
    match below {
        Below::N if negatives.is_empty() => return None,
        Below::N => {}
        Below::P => sum.push(positive),
        Below::A => {
            sum.push(positive);
            sum.extend(other_positives);
        }
    }
    Some(log_sum_exp(&sum) - positive)
}

/// The losses of the positive pairs of the anchor i: one for each j, `None` where (i, j) is none.
pub(crate) fn labelled_pairs(
    z: &[Vec<f64>],
    labels: &[i64],
    i: usize,
    t: f64,
    below: Below,
) -> Vec<Option<f64>> {
    let logit = |j: usize| cosine(&z[i], &z[j]) / t;
    let others = |k: usize| k != i;
    let negatives: Vec<f64> = (0..z.len()).filter(|&k| labels[k] != labels[i]).map(logit).collect();
    let loss = |p: usize| {
        if p == i || labels[p] != labels[i] {
            return None;
        }
        let positives: Vec<f64> =
            (0..z.len()).filter(|&k| others(k) && k != p && labels[k] == labels[i]).map(logit).collect();
        pair(logit(p), &positives, &negatives, below)
    };
    (0..z.len()).map(loss).collect()
}

/// The mean over the positives of each of the first `anchors` rows, `None` without any.
pub(crate) fn sup_con(
    z: &[Vec<f64>],
    labels: &[i64],
    anchors: usize,
    t: f64,
    below: Below,
) -> Vec<Option<f64>> {
    (0..anchors).map(|i| mean_of(&labelled_pairs(z, labels, i, t, below))).collect()
}

/// One an anchor, z0's first.
pub(crate) fn nt_xent(z0: &[Vec<f64>], z1: &[Vec<f64>], t: f64, below: Below) -> Vec<Option<f64>> {
    let labels: Vec<i64> = (0..z0.len() as i64).chain(0..z0.len() as i64).collect();
    sup_con(&[z0, z1].concat(), &labels, 2 * z0.len(), t, below)
}

/// Without explicit negatives, the other positives.
pub(crate) fn info_nce(
    query: &[Vec<f64>],
    positive: &[Vec<f64>],
    negatives: Option<&[Vec<f64>]>,
    t: f64,
    below: Below,
) -> Vec<Option<f64>> {
    let loss = |i: usize| {
        let others: Vec<&Vec<f64>> = match negatives {
            Some(negatives) => negatives.iter().collect(),
            None => (0..positive.len()).filter(|&k| k != i).map(|k| &positive[k]).collect(),
        };
        let others: Vec<f64> = others.iter().map(|n| cosine(&query[i], n) / t).collect();
        pair(cosine(&query[i], &positive[i]) / t, &[], &others, below)
    };
    (0..query.len()).map(loss).collect()
}

pub(crate) fn contrastive(d: f64, similar: bool, positive_margin: f64, margin: f64, squared: bool) -> f64 {
    let beyond = if similar { d - positive_margin } else { margin - d }.max(0.0);
    if squared { beyond * beyond / 2.0 } else { beyond }
}

/// Of all triplets, in the order anchor, positive, negative.
pub(crate) fn triplets(z: &[Vec<f64>], labels: &[i64], margin: f64, semi_hard: bool) -> Vec<Option<f64>> {
    let mut all = Vec::new();
    for i in 0..z.len() {
        for p in 0..z.len() {
            for n in 0..z.len() {
                let is = i != p && labels[i] == labels[p] && labels[i] != labels[n];
                let (near, far) = (distance(&z[i], &z[p]), distance(&z[i], &z[n]));
                let kept = !semi_hard || (near < far && far <= near + margin);
                all.push((is && kept).then(|| (near - far + margin).max(0.0)));
            }
        }
    }
    all
}

/// Farthest positive with nearest negative, one an anchor.
pub(crate) fn hard_triplets(z: &[Vec<f64>], labels: &[i64], margin: f64) -> Vec<Option<f64>> {
    let one = |i: usize| {
        let to = |wanted: bool| {
            (0..z.len())
                .filter(move |&k| k != i && (labels[k] == labels[i]) == wanted)
                .map(move |k| distance(&z[i], &z[k]))
        };
        let farthest = to(true).reduce(f64::max)?;
        let nearest = to(false).reduce(f64::min)?;
        Some((farthest - nearest + margin).max(0.0))
    };
    (0..z.len()).map(one).collect()
}

/// Over the terms that are defined.
pub(crate) fn mean_of(terms: &[Option<f64>]) -> Option<f64> {
    let defined: Vec<f64> = terms.iter().flatten().copied().collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}

/// What each reduction gives of the terms of a batch of so many rows.
pub(crate) fn reduced(terms: &[Option<f64>], rows: usize, reduction: &str) -> Vec<f64> {
    let defined: Vec<f64> = terms.iter().flatten().copied().collect();
    let sum: f64 = defined.iter().sum();
    let above = defined.iter().filter(|&&l| l > 0.0).count();
    match reduction {
        "mean" => vec![sum / defined.len().max(1) as f64],
        "mean_non_zero" => vec![sum / above.max(1) as f64],
        "batch_mean" => vec![sum / rows as f64],
        "sum" => vec![sum],
        _ => terms.iter().map(|l| l.unwrap_or(0.0)).collect(),
    }
}
