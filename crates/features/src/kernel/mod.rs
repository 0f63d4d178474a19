//! The transform for lengths that are powers of two: up to 16 real frames at once, each in its own lane of the
//! vectors, so that no step moves values between lanes.
//!
//! A frame of `2 M` real samples is transformed as `M` complex points (even samples real, odd ones imaginary) and
//! separated afterwards. The `M = N1 N2` points are `N2` columns of `N1` points, then `N1` rows of `N2` points.
//! The windowed samples enter from a transposed copy of the signal, `[sample mod hop][hop]`: there, one sample of
//! consecutive frames lies side by side, and frames that overlap share it.

mod arith;
mod dft;

use std::fmt;

pub(crate) use arith::{Arith, Dispatch, Kernels};
use arith::{Real, SQUARE};
use dft::{C, Complex, Root, Roots, Source, Target, add, finish, first, roots, rotate, second, sub};
use pulp::bytemuck::cast_slice_mut;

use crate::lanes::{LANES, Lane};
use crate::simd::SimdLevel;
use crate::spectrum::{Spectra, Spectrum, Wanted};

/// A plan: in which precision, and its tables.
#[derive(Clone)]
pub(crate) enum Kernel {
    Single(Plan<f32>),
    Double(Plan<f64>),
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single(_) => "Single",
            Self::Double(_) => "Double",
        })
    }
}

#[derive(Clone)]
pub(crate) struct Plan<T> {
    level: SimdLevel,
    columns: usize,
    rows: usize,
    /// `[column n2][row n1]`: where samples `2 n` and `2 n + 1` lie in the transposed signal, `n = N2 n1 + n2`.
    places: Vec<[u32; 2]>,
    /// Likewise, half the window there.
    window: Vec<[T; 2]>,
    column_roots: Roots<T>,
    row_roots: Roots<T>,
    /// `[n2][k1]`: `exp(-2 pi i n2 k1 / M)`.
    between: Vec<Root<T>>,
    /// `exp(-2 pi i k / 2 M)`, for `k` under `M`.
    separation: Vec<Root<T>>,
    layout: Layout,
}

/// The transposed signal.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Samples from one row to the next.
    hop_length: usize,
    /// Samples of each row that are used.
    width: usize,
    /// Rows, a multiple of [`SQUARE`]; frame `i` starts with row `i`.
    rows: usize,
}

/// Memory for one block of frames.
#[derive(Default)]
pub(crate) struct KernelScratch {
    memory: Vec<f32>,
    /// Rows that lie beyond the ends of the signal in part.
    padded: Vec<f32>,
}

/// Lengths that there is a kernel for.
const LENGTHS: [usize; 4] = [512, 1024, 2048, 4096];

/// The most values that the transposed signal may have: hops far smaller than the transform are no use.
const MAX_TRANSPOSED: usize = 1 << 20;

impl Kernel {
    /// A plan for frames of `window.len()` samples, weighted by `window`; `None` if there is no kernel for them.
    pub(crate) fn new(window: &[f64], hop_length: usize, double: bool) -> Option<Self> {
        let level = SimdLevel::current();
        // Without vector instructions to choose, a library's transform is as good.
        if level == SimdLevel::Portable {
            return None;
        }
        Some(if double {
            Self::Double(Plan::new(window, hop_length, level)?)
        } else {
            Self::Single(Plan::new(window, hop_length, level)?)
        })
    }

    /// Transforms the `count` frames of which `row(i, memory)` gives the samples from `i` hops after the first
    /// frame's start: as many as `memory` holds, there or elsewhere. Bin `k` of frame `i` goes to row `k`, lane `i`
    /// of what is wanted; lanes beyond `count` become zero.
    pub(crate) fn block<'a>(
        &self,
        row: impl Fn(usize, &'a mut [f32]) -> &'a [f32],
        count: usize,
        scratch: &'a mut KernelScratch,
        wanted: Wanted,
        spectra: &mut Spectra,
    ) {
        match self {
            Self::Single(plan) => plan.block(row, count, scratch, wanted, spectra),
            Self::Double(plan) => plan.block(row, count, scratch, wanted, spectra),
        }
    }
}

impl<T: Dispatch> Plan<T> {
    fn new(window: &[f64], hop_length: usize, level: SimdLevel) -> Option<Self> {
        let n_fft = window.len();
        if !LENGTHS.contains(&n_fft) {
            return None;
        }
        let points = n_fft / 2;
        let rows = 1 << (points.ilog2() / 2);
        let columns = points / rows;
        let width = hop_length.min(n_fft);
        let layout =
            Layout { hop_length, width, rows: (LANES + (n_fft - 1) / hop_length).next_multiple_of(LANES) };
        if layout.rows.checked_mul(width)? > MAX_TRANSPOSED {
            return None;
        }
        // Less than MAX_TRANSPOSED.
        let place = |n: usize| ((n % hop_length) * layout.rows + n / hop_length) as u32;
        let point = |i: usize| columns * (i % rows) + i / rows;
        Some(Self {
            level,
            columns,
            rows,
            places: (0..points).map(|i| [place(2 * point(i)), place(2 * point(i) + 1)]).collect(),
            window: (0..points)
                .map(|i| {
                    [0, 1]
                        .map(|odd| T::from_f64(0.5 * window.get(2 * point(i) + odd).copied().unwrap_or(0.0)))
                })
                .collect(),
            column_roots: roots(rows),
            row_roots: roots(columns),
            between: (0..points).map(|i| Root::new((i / rows) * (i % rows), points)).collect(),
            separation: (0..points).map(|k| Root::new(k, n_fft)).collect(),
            layout,
        })
    }

    fn block<'a>(
        &self,
        row: impl Fn(usize, &'a mut [f32]) -> &'a [f32],
        count: usize,
        scratch: &'a mut KernelScratch,
        wanted: Wanted,
        spectra: &mut Spectra,
    ) {
        let Layout { width, rows, .. } = self.layout;
        let KernelScratch { memory, padded } = scratch;
        padded.resize(rows * width, 0.0);
        let used = count + (2 * self.rows * self.columns - 1) / self.layout.hop_length;
        let parts = self.parts();
        let memory = aligned(memory, parts.iter().sum());
        let (transposed, work) = memory.split_at_mut(parts.first().copied().unwrap_or(0));
        let mut padded = padded.chunks_exact_mut(width);
        for first in (0..used).step_by(SQUARE) {
            let mut from: [&[f32]; SQUARE] = [&[]; SQUARE];
            for (i, (slot, memory)) in (first..used).zip(from.iter_mut().zip(&mut padded)) {
                *slot = row(i, memory);
            }
            let out = transposed.get_mut(first..).unwrap_or_default();
            T::dispatch(self.level, Transpose { from, width, out, stride: rows });
        }
        T::dispatch(self.level, Frames { plan: self, transposed, work, count, wanted, spectra });
    }

    /// Lengths of the parts of the memory, in `f32`.
    fn parts(&self) -> [usize; 2] {
        let vector = LANES * size_of::<T>() / size_of::<f32>();
        let transposed = self.layout.rows * self.layout.width;
        // Four half-transformed rows, two rows, and all columns' results with a gap after each: what lies at a
        // distance of a power of two would get into each other's way in the cache.
        let work = 2 * vector * (6 * self.columns + self.columns * (self.rows + 1));
        [transposed.next_multiple_of(LANES), work]
    }
}

/// `len` values that begin at a cache line.
fn aligned(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    memory.resize(memory.len().max(len + LANES), 0.0);
    let offset = memory.as_ptr().align_offset(size_of::<Lane>()).min(LANES);
    memory.get_mut(offset..offset + len).unwrap_or_default()
}

/// Transposes rows of the signal.
struct Transpose<'a> {
    from: [&'a [f32]; SQUARE],
    /// Samples of each row.
    width: usize,
    out: &'a mut [f32],
    stride: usize,
}

impl<T: Real> Kernels<T> for Transpose<'_> {
    #[inline(always)]
    fn run<A: Arith<T = T>>(self, s: A) {
        let Self { from, width, out, stride } = self;
        let whole = width - width % SQUARE;
        for at in (0..whole).step_by(SQUARE) {
            s.transpose(&from, at, out.get_mut(at * stride..).unwrap_or_default(), stride);
        }
        for at in whole..width {
            for (row, out) in from.iter().zip(out.get_mut(at * stride..).unwrap_or_default()) {
                *out = row.get(at).copied().unwrap_or_default();
            }
        }
    }
}

/// Transforms a block of frames.
struct Frames<'a, T> {
    plan: &'a Plan<T>,
    transposed: &'a [f32],
    work: &'a mut [f32],
    count: usize,
    wanted: Wanted,
    spectra: &'a mut Spectra,
}

impl<T: Real> Kernels<T> for Frames<'_, T> {
    #[inline(always)]
    fn run<A: Arith<T = T>>(self, s: A) {
        match (self.plan.rows, self.plan.columns) {
            (16, 16) => self.frames::<A, 16, 16>(s),
            (16, 32) => self.frames::<A, 16, 32>(s),
            (32, 32) => self.frames::<A, 32, 32>(s),
            _ => self.frames::<A, 32, 64>(s),
        }
    }
}

/// One column of windowed samples.
struct Column<'a, A: Arith, const N: usize> {
    s: A,
    transposed: &'a [f32],
    places: &'a [[u32; 2]; N],
    window: &'a [[A::T; 2]; N],
}

impl<A: Arith, const N: usize> Source<A> for Column<'_, A, N> {
    #[inline(always)]
    fn get(&self, n: usize) -> Complex<A::V> {
        let ([even, odd], [re, im]) = (self.places[n], self.window[n]);
        let (even, odd) = (even as usize, odd as usize);
        let s = self.s;
        Complex {
            re: s.mul(s.load(&self.transposed[even..even + A::LANES]), s.splat(re)),
            im: s.mul(s.load(&self.transposed[odd..odd + A::LANES]), s.splat(im)),
        }
    }
}

/// A column's result, on its way to the rows.
struct Between<'a, A: Arith, const N: usize> {
    s: A,
    roots: &'a [Root<A::T>; N],
    column: &'a mut [[A::V; 2]; N],
}

impl<A: Arith, const N: usize> Target<A> for Between<'_, A, N> {
    #[inline(always)]
    fn put(&mut self, k: usize, value: Complex<A::V>) {
        let value = rotate(self.s, value, &self.roots[k]);
        self.column[k] = [value.re, value.im];
    }
}

/// A row of the columns' results.
struct Row<'a, V> {
    /// From the row's first point on.
    points: &'a [[V; 2]],
    stride: usize,
}

impl<A: Arith> Source<A> for Row<'_, A::V> {
    #[inline(always)]
    fn get(&self, n: usize) -> Complex<A::V> {
        let [re, im] = self.points[n * self.stride];
        Complex { re, im }
    }
}

impl<T: Real> Frames<'_, T> {
    #[allow(clippy::needless_range_loop, reason = "an index of several arrays")]
    #[inline(always)]
    fn frames<A: Arith<T = T>, const N1: usize, const N2: usize>(self, s: A) {
        let Self { plan, transposed, work, count, wanted, spectra } = self;
        let Spectra { power, magnitude, re, im } = &mut *spectra;
        let work: &mut [[A::V; 2]] = cast_slice_mut(work);
        // Each transform's second half runs after the first half of the next one: it would have to wait for its own.
        let (halves, work) = work.split_at_mut(4 * N2);
        let Some((low_result, work)) = work.split_first_chunk_mut::<N2>() else { return };
        let Some((high_result, middle)) = work.split_first_chunk_mut::<N2>() else { return };
        fn row<V>(middle: &[[V; 2]], k1: usize, stride: usize) -> Row<'_, V> {
            Row { points: middle.get(k1..).unwrap_or_default(), stride }
        }
        let at = |row: &[[A::V; 2]; N2], k: usize| {
            // The mask changes nothing; with it the index needs no check.
            let [re, im] = row[k & (N2 - 1)];
            Complex { re, im }
        };
        let (places, _) = plan.places.as_chunks::<N1>();
        let (windows, _) = plan.window.as_chunks::<N1>();
        let (between, _) = plan.between.as_chunks::<N1>();
        let roots = &*plan.separation;
        let mut separate = Separate {
            s,
            points: N1 * N2,
            wanted,
            power: cast_slice_mut(power.as_flattened_mut()),
            magnitude: cast_slice_mut(magnitude.as_flattened_mut()),
            re: cast_slice_mut(re.as_flattened_mut()),
            im: cast_slice_mut(im.as_flattened_mut()),
            part: 0,
        };
        let power_alone = wanted == Spectrum::Power.into();
        for lane in (0..count).step_by(A::LANES) {
            let transposed = transposed.get(lane..).unwrap_or_default();
            let (columns, _) = halves.as_chunks_mut::<N1>();
            for n2 in 0..=N2 {
                if n2 < N2 {
                    let source = Column { s, transposed, places: &places[n2], window: &windows[n2] };
                    first(s, &plan.column_roots, source, &mut columns[n2 % 2]);
                }
                if let Some(n2) = n2.checked_sub(1) {
                    let column = middle[n2 * (N1 + 1)..].first_chunk_mut::<N1>();
                    let Some(column) = column else { return };
                    finish(s, &columns[n2 % 2], Between { s, roots: &between[n2], column });
                }
            }
            separate.part = lane / A::LANES;
            let (rows, _) = halves.as_chunks_mut::<N2>();
            // Rows 0 and N1 / 2 hold their own mirrored bins.
            for k1 in [0, N1 / 2] {
                first(s, &plan.row_roots, row(middle, k1, N1 + 1), &mut rows[0]);
                finish(s, &rows[0], &mut *low_result);
                // Of row 0, bin 0 is its own mirror.
                let ends = usize::from(k1 == 0);
                for k2 in 0..N2 / 2 + ends {
                    let mirror = at(low_result, N2 - 1 + ends - k2);
                    separate.all(k1 + N1 * k2, at(low_result, k2), mirror, roots);
                }
            }
            // All others are the mirror of another.
            for next in 1..=N1 / 2 {
                if next < N1 / 2 {
                    for (side, k1) in [next, N1 - next].into_iter().enumerate() {
                        let memory = &mut rows[next % 2 * 2 + side];
                        first(s, &plan.row_roots, row(middle, k1, N1 + 1), memory);
                    }
                }
                let k1 = next - 1;
                if k1 == 0 {
                    continue;
                }
                let (low, high) = (&rows[k1 % 2 * 2], &rows[k1 % 2 * 2 + 1]);
                if power_alone {
                    for k2 in 0..8 {
                        let (a, b) = (second(s, low, k2), second(s, high, 7 - k2));
                        let k = k1 + N1 * k2;
                        match N2 {
                            16 => {
                                separate.power(k, a.0, b.1, roots);
                                separate.power(k + 8 * N1, a.1, b.0, roots);
                            }
                            32 => {
                                separate.power(k, a.0, b.3, roots);
                                separate.power(k + 8 * N1, a.1, b.2, roots);
                                separate.power(k + 16 * N1, a.2, b.1, roots);
                                separate.power(k + 24 * N1, a.3, b.0, roots);
                            }
                            _ => {
                                separate.power(k, a.0, b.7, roots);
                                separate.power(k + 8 * N1, a.1, b.6, roots);
                                separate.power(k + 16 * N1, a.2, b.5, roots);
                                separate.power(k + 24 * N1, a.3, b.4, roots);
                                separate.power(k + 32 * N1, a.4, b.3, roots);
                                separate.power(k + 40 * N1, a.5, b.2, roots);
                                separate.power(k + 48 * N1, a.6, b.1, roots);
                                separate.power(k + 56 * N1, a.7, b.0, roots);
                            }
                        }
                    }
                } else {
                    finish(s, low, &mut *low_result);
                    finish(s, high, &mut *high_result);
                    for k2 in 0..N2 {
                        separate.all(k1 + N1 * k2, at(low_result, k2), at(high_result, N2 - 1 - k2), roots);
                    }
                }
            }
        }
        if count < LANES {
            for lane in spectra.all_mut().into_iter().flatten() {
                lane[count..].fill(0.0);
            }
        }
    }
}

/// Makes bins of the real frames from the transform of the complex points.
struct Separate<'a, A: Arith> {
    s: A,
    points: usize,
    wanted: Wanted,
    power: &'a mut [A::Narrow],
    magnitude: &'a mut [A::Narrow],
    re: &'a mut [A::Narrow],
    im: &'a mut [A::Narrow],
    /// Which of a bin's vectors are the present frames.
    part: usize,
}

impl<A: Arith> Separate<'_, A> {
    /// Bin `k`, and the conjugate of bin `points - k`, from points `k` and `points - k` of
    /// the transform.
    #[inline(always)]
    fn pair(&self, p: C<A>, q: C<A>, root: &Root<A::T>) -> [C<A>; 2] {
        let s = self.s;
        let even = Complex { re: s.add(p.re, q.re), im: s.sub(p.im, q.im) };
        let odd = Complex { re: s.add(p.im, q.im), im: s.sub(q.re, p.re) };
        let odd = rotate(s, odd, root);
        [add(s, even, odd), sub(s, even, odd)]
    }

    /// Where bin `k` is stored.
    #[inline(always)]
    fn place(&self, k: usize) -> usize {
        k * (LANES / A::LANES) + self.part
    }

    #[inline(always)]
    fn power(&mut self, k: usize, p: C<A>, q: C<A>, roots: &[Root<A::T>]) {
        let s = self.s;
        let [low, high] = self.pair(p, q, &roots[k]);
        let place = self.place(k);
        self.power[place] = s.narrow(s.mul_add(low.re, low.re, s.mul(low.im, low.im)));
        let place = self.place(self.points - k);
        self.power[place] = s.narrow(s.mul_add(high.re, high.re, s.mul(high.im, high.im)));
    }

    #[inline(always)]
    fn all(&mut self, k: usize, p: C<A>, q: C<A>, roots: &[Root<A::T>]) {
        let s = self.s;
        let [low, high] = self.pair(p, q, &roots[k]);
        let high = Complex { re: high.re, im: s.sub(s.splat(A::T::from_f64(0.0)), high.im) };
        for (z, place) in [(low, self.place(k)), (high, self.place(self.points - k))] {
            if self.wanted.complex {
                self.re[place] = s.narrow(z.re);
                self.im[place] = s.narrow(z.im);
            }
            if self.wanted.power || self.wanted.magnitude {
                let power = s.mul_add(z.re, z.re, s.mul(z.im, z.im));
                if self.wanted.power {
                    self.power[place] = s.narrow(power);
                }
                if self.wanted.magnitude {
                    self.magnitude[place] = s.narrow(s.sqrt(power));
                }
            }
        }
    }
}
