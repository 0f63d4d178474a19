use crate::{Error, Matrix, check};

/// The widest window of a delta.
const MAX_WIDTH: usize = 65_535;

/// The highest derivative. (Reference implementations lose all their digits before it.)
const MAX_ORDER: usize = 16;

/// What a delta takes for the frames that its window lacks at either end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DeltaMode {
    /// Nothing: the polynomial through the first (last) `width` frames counts for all frames up to their middle.
    /// There must be at least `width` frames.
    #[default]
    Interp,
    /// The first and the last frame again and again.
    Nearest,
    /// The frames mirrored at the first and the last one, which are not repeated.
    Mirror,
    /// Zeros.
    Constant,
    /// The frames from the other end.
    Wrap,
}

/// The parameters of a delta; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct DeltaConfig {
    /// Frames in the window, an odd number from 3 to 65,535. Default 9.
    pub width: usize,
    /// Which derivative, and the degree of the polynomial: 1 (delta), 2 (delta-delta), up to 16 and under `width`.
    /// Default 1.
    pub order: usize,
    /// What is done at the ends. Default [`DeltaMode::Interp`].
    pub mode: DeltaMode,
}

impl Default for DeltaConfig {
    fn default() -> Self {
        Self { width: 9, order: 1, mode: DeltaMode::Interp }
    }
}

impl DeltaConfig {
    /// What `torchaudio.functional.compute_deltas` computes by default: a window of 5 frames, the first and the
    /// last one repeated. (The slope of a line through 5 frames is what Savitzky and Golay have for a polynomial of
    /// degree 1.)
    #[must_use]
    pub fn torchaudio() -> Self {
        Self { width: 5, order: 1, mode: DeltaMode::Nearest }
    }

    /// Sets the frames in the window.
    #[must_use]
    pub fn with_width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }

    /// Sets the derivative and the degree.
    #[must_use]
    pub fn with_order(mut self, order: usize) -> Self {
        self.order = order;
        self
    }

    /// Sets what is done at the ends.
    #[must_use]
    pub fn with_mode(mut self, mode: DeltaMode) -> Self {
        self.mode = mode;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if !(3..=MAX_WIDTH).contains(&self.width) || self.width.is_multiple_of(2) {
            return Err(Error::config("width", self.width as f64, "an odd number from 3 to 65535"));
        }
        if !(1..=MAX_ORDER.min(self.width - 1)).contains(&self.order) {
            return Err(Error::config("order", self.order as f64, "1 to 16 and under width"));
        }
        Ok(())
    }
}

/// How features change over time (`librosa.feature.delta`): row by row, the derivative of the polynomial of degree
/// `order` that fits the `width` frames around each frame best (Savitzky and Golay's filter).
///
/// ```
/// use soundalike_features::{Delta, DeltaConfig, Matrix};
///
/// let delta = Delta::new(&DeltaConfig::default())?;
/// let line = Matrix::new((0..20).map(|t| 3.0 * t as f32).collect(), 1, 20)?;
/// assert!(delta.compute(&line)?.as_slice().iter().all(|slope| (slope - 3.0).abs() < 1e-6));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Delta {
    config: DeltaConfig,
    /// The weight of the frame itself, not zero for an even order alone.
    middle: f64,
    /// The weights of the frames 1, 2, .. after it; those before have the same, of the other sign for an odd order.
    weights: Vec<f64>,
}

/// Frames that are computed side by side.
const BLOCK: usize = 16;

impl Delta {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &DeltaConfig) -> Result<Self, Error> {
        config.check()?;
        let mut weights = weights(config.width, config.order);
        let middle = weights.remove(0);
        Ok(Self { config: config.clone(), middle, weights })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &DeltaConfig {
        &self.config
    }

    /// The derivatives of `data`, `[coefficient x frame]`, in the same shape. A result beyond single precision is
    /// infinite.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no values, [`Error::NonFinite`], and [`Error::InvalidConfig`] for a `width` over
    /// the number of frames in the mode [`DeltaMode::Interp`].
    pub fn compute(&self, data: &Matrix) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(data, &mut out)?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the shape of `data`. Allocates nothing once `out` is large enough.
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn compute_into(&self, data: &Matrix, out: &mut Matrix) -> Result<(), Error> {
        if data.is_empty() {
            return Err(Error::EmptyInput);
        }
        if self.config.mode == DeltaMode::Interp && self.config.width > data.cols() {
            let expected = "at most the number of frames in the mode interp";
            return Err(Error::config("width", self.config.width as f64, expected));
        }
        check::finite(data.as_slice())?;
        out.reshape(data.rows(), data.cols())?;
        for (x, y) in data.iter_rows().zip(out.as_mut_slice().chunks_exact_mut(data.cols())) {
            self.row(x, y);
        }
        Ok(())
    }

    fn row(&self, x: &[f32], y: &mut [f32]) {
        let half = self.weights.len();
        // Frames with a whole window, if any.
        let inside = half.min(x.len())..x.len().saturating_sub(half).max(half.min(x.len()));
        for first in inside.clone().step_by(BLOCK) {
            let count = BLOCK.min(inside.end - first);
            if let (Some(window), Some(out)) =
                (x.get(first - half..first + count + half), y.get_mut(first..first + count))
            {
                self.block(window, out);
            }
        }
        if self.config.mode == DeltaMode::Interp {
            // A polynomial of degree `order` has the same derivative of that order everywhere.
            for (edge, from) in [(0..inside.start, inside.start), (inside.end..x.len(), inside.end - 1)] {
                let value = y.get(from).copied().unwrap_or_default();
                if let Some(edge) = y.get_mut(edge) {
                    edge.fill(value);
                }
            }
            return;
        }
        for t in (0..inside.start).chain(inside.end..x.len()) {
            if let Some(out) = y.get_mut(t) {
                *out = self.at_edge(x, t as i64);
            }
        }
    }

    /// `out` from the frames around it, `out.len() + 2 * half` of them.
    fn block(&self, window: &[f32], out: &mut [f32]) {
        let (half, count) = (self.weights.len(), out.len());
        let from = |start: usize| window.get(start..start + count).unwrap_or_default();
        let mut sums = [0.0; BLOCK];
        if self.is_odd() {
            for (k, weight) in (1..).zip(&self.weights) {
                for ((sum, after), before) in sums.iter_mut().zip(from(half + k)).zip(from(half - k)) {
                    *sum += weight * (f64::from(*after) - f64::from(*before));
                }
            }
        } else {
            for (sum, value) in sums.iter_mut().zip(from(half)) {
                *sum = self.middle * f64::from(*value);
            }
            for (k, weight) in (1..).zip(&self.weights) {
                for ((sum, after), before) in sums.iter_mut().zip(from(half + k)).zip(from(half - k)) {
                    *sum += weight * (f64::from(*after) + f64::from(*before));
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum as f32;
        }
    }

    fn at_edge(&self, x: &[f32], t: i64) -> f32 {
        let sign = if self.is_odd() { -1.0 } else { 1.0 };
        let mut sum = self.middle * self.config.mode.frame(x, t);
        for (k, weight) in (1..).zip(&self.weights) {
            sum += weight * (self.config.mode.frame(x, t + k) + sign * self.config.mode.frame(x, t - k));
        }
        sum as f32
    }

    fn is_odd(&self) -> bool {
        self.config.order % 2 == 1
    }
}

impl DeltaMode {
    /// The frame at `index` of the endless row.
    fn frame(self, x: &[f32], index: i64) -> f64 {
        let len = x.len() as i64;
        let at = match self {
            Self::Constant | Self::Interp => index,
            Self::Nearest => index.clamp(0, len - 1),
            Self::Wrap => index.rem_euclid(len),
            Self::Mirror if len == 1 => 0,
            Self::Mirror => {
                let within = index.rem_euclid(2 * (len - 1));
                within.min(2 * (len - 1) - within)
            }
        };
        usize::try_from(at).ok().and_then(|at| x.get(at)).copied().map_or(0.0, f64::from)
    }
}

/// The weights of the frames 0, 1, .. after the middle one.
///
/// The derivative of order `p` of the best polynomial of degree `p` is `p!` times its leading coefficient, and that
/// is the data's product with the discrete Legendre (Gram) polynomial of degree `p`, over the norm of its monic
/// form. The recurrence between orthonormal ones, whose coefficients are known in closed form, needs no equations
/// solved.
fn weights(width: usize, order: usize) -> Vec<f64> {
    let n = width as f64;
    let b = |k: usize| {
        let k = k as f64;
        k * ((n * n - k * k) / (4.0 * (4.0 * k * k - 1.0))).sqrt()
    };
    let mut before = vec![0.0; width / 2 + 1];
    let mut now = vec![1.0 / n.sqrt(); width / 2 + 1];
    let mut scale = 1.0 / n.sqrt();
    for k in 0..order {
        let (b_k, b_next) = (if k == 0 { 0.0 } else { b(k) }, b(k + 1));
        for (t, (before, now)) in before.iter_mut().zip(&mut now).enumerate() {
            (*before, *now) = (*now, (t as f64 * *now - b_k * *before) / b_next);
        }
        scale *= (k + 1) as f64 / b_next;
    }
    now.iter().map(|value| value * scale).collect()
}

/// `torchaudio.functional.compute_deltas`: the slope of the line through the frames around each one,
/// `sum_n n (c[t + n] - c[t - n]) / (2 sum_n n^2)` for `n` from 1 to `(win_length - 1) / 2`, where the first and
/// the last frame are repeated. torchaudio's default `win_length` is 5. For many matrices or without an allocation,
/// make a [`Delta`] of [`DeltaConfig::torchaudio`].
///
/// # Errors
/// [`Error::InvalidConfig`] for a `win_length` under 3 or over 65,536, [`Error::EmptyInput`], [`Error::NonFinite`].
pub fn compute_deltas(data: &Matrix, win_length: usize) -> Result<Matrix, Error> {
    if !(3..=MAX_WIDTH + 1).contains(&win_length) {
        return Err(Error::config("win_length", win_length as f64, "3 to 65536"));
    }
    // An even window is one shorter.
    let width = (win_length - 1) / 2 * 2 + 1;
    Delta::new(&DeltaConfig::torchaudio().with_width(width))?.compute(data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `order!` times the leading coefficient of the best polynomial, by its normal equations.
    fn fit(y: &[f64], order: usize) -> f64 {
        let half = (y.len() / 2) as f64;
        // In units of half a window, for the sake of the equations.
        let t = |i: usize| (i as f64 - half) / half;
        let n = order + 1;
        let mut m: Vec<Vec<f64>> = (0..n)
            .map(|r| {
                let mut row: Vec<f64> =
                    (0..n).map(|c| (0..y.len()).map(|i| t(i).powi((r + c) as i32)).sum()).collect();
                row.push(y.iter().enumerate().map(|(i, v)| v * t(i).powi(r as i32)).sum());
                row
            })
            .collect();
        for pivot in 0..n {
            let best = (pivot..n).max_by(|a, b| m[*a][pivot].abs().total_cmp(&m[*b][pivot].abs())).unwrap();
            m.swap(pivot, best);
            let above = m[pivot].clone();
            for row in &mut m[pivot + 1..] {
                let factor = row[pivot] / above[pivot];
                for (value, above) in row.iter_mut().zip(&above) {
                    *value -= factor * above;
                }
            }
        }
        let leading = m[order][n] / m[order][order];
        leading * (1..=order).map(|k| k as f64 / half).product::<f64>()
    }

    fn naive(x: &[f32], config: &DeltaConfig) -> Vec<f64> {
        let half = (config.width / 2) as i64;
        (0..x.len() as i64)
            .map(|t| {
                let centre = if config.mode == DeltaMode::Interp {
                    t.clamp(half, x.len() as i64 - 1 - half)
                } else {
                    t
                };
                let window: Vec<f64> =
                    (centre - half..=centre + half).map(|i| config.mode.frame(x, i)).collect();
                fit(&window, config.order)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn a_polynomial_is_fitted(
            x in prop::collection::vec(-1.0f32..1.0, 1..80),
            half in 1usize..12,
            order in 1usize..5,
            mode in 0usize..5,
        ) {
            let modes =
                [DeltaMode::Interp, DeltaMode::Nearest, DeltaMode::Mirror, DeltaMode::Constant, DeltaMode::Wrap];
            let config = DeltaConfig::default().with_width(2 * half + 1).with_order(order).with_mode(modes[mode]);
            prop_assume!(order < config.width && (mode > 0 || config.width <= x.len()));
            let got = Delta::new(&config).unwrap().compute(&Matrix::new(x.clone(), 1, x.len()).unwrap()).unwrap();
            let want = naive(&x, &config);
            let peak = want.iter().fold(1.0, |a, b| f64::max(a, b.abs()));
            for (got, want) in got.as_slice().iter().zip(want) {
                prop_assert!((f64::from(*got) - want).abs() <= 1e-6 * peak, "{} instead of {}", got, want);
            }
        }
    }

    #[test]
    fn hand_worked() {
        let row = |values: &[f32]| Matrix::new(values.to_vec(), 1, values.len()).unwrap();
        // scipy.signal.savgol_coeffs(5, 1, deriv=1) is [0.2, 0.1, 0, -0.1, -0.2].
        let deltas = compute_deltas(&row(&[0.0, 0.0, 0.0, 10.0, 0.0, 0.0]), 5).unwrap();
        assert_eq!(deltas.as_slice(), [0.0, 2.0, 1.0, 0.0, -1.0, -2.0]);
        assert_eq!(compute_deltas(&row(&[1.0, 2.0, 4.0]), 6), compute_deltas(&row(&[1.0, 2.0, 4.0]), 5));
        // A constant does not change, to the last bit.
        for mode in [DeltaMode::Interp, DeltaMode::Nearest, DeltaMode::Mirror, DeltaMode::Wrap] {
            let delta = Delta::new(&DeltaConfig::default().with_mode(mode)).unwrap();
            assert_eq!(delta.compute(&row(&[0.1; 9])).unwrap(), row(&[0.0; 9]));
        }
    }

    /// As many coefficients as frames: the finite difference, whose weights are binomial coefficients.
    #[test]
    fn the_highest_orders() {
        for order in (2..=16).step_by(2) {
            let mut row = vec![1.0f64];
            for _ in 0..order {
                row = (0..=row.len())
                    .map(|i| row.get(i).unwrap_or(&0.0) - if i > 0 { row[i - 1] } else { 0.0 })
                    .collect();
            }
            let largest = row[order / 2].abs();
            for (got, want) in weights(order + 1, order).iter().zip(row.iter().skip(order / 2)) {
                assert!((got - want).abs() < 1e-11 * largest, "{order}: {got} instead of {want}");
            }
        }
    }

    /// `t^order` has the derivative `order!`.
    #[test]
    fn wide_windows() {
        for (width, order) in [(41, 16), (1001, 16), (65_535, 1), (65_535, 2), (65_535, 15)] {
            let terms: Vec<f64> = weights(width, order)
                .iter()
                .enumerate()
                .map(|(t, w)| w * (t as f64).powi(order as i32) * if t == 0 { 1.0 } else { 2.0 })
                .collect();
            let (sum, all) = (terms.iter().sum::<f64>(), terms.iter().map(|v| v.abs()).sum::<f64>());
            let want: f64 = (1..=order).map(|k| k as f64).product();
            assert!((sum - want).abs() < 1e-11 * all, "{width} {order}: {sum} instead of {want}");
        }
    }
}
