//! The transform for lengths that are powers of two: up to 16 real frames at once, each in its own lane of the
//! vectors, so that no step moves values between lanes.
//!
//! The `N = N1 N2` samples of a frame are `N2` columns of `N1` real points, of which half the bins are enough, then
//! rows of `N2` complex points: bin `k1` of all columns gives bins `k1 + N1 k2`, and so, mirrored, those of row
//! `N1 - k1`. Rows 0 and `N1 / 2`, whose points are real but for a turn, are one transform of `2 N2` real points.
//! The windowed samples enter from a transposed copy of the signal, `[sample mod hop][hop]`: there, one sample of
//! consecutive frames lies side by side, and frames that overlap share it.

mod arith;
mod bins;
mod dft;
mod real;

use std::fmt;

pub(crate) use arith::{Arith, Dispatch, Kernels};
use arith::{Real, SQUARE};
use bins::{Bins, RowBins, separate};
use dft::{C, Complex, Root, Roots, Source, first, roots, rotate, second};
use pulp::bytemuck::cast_slice_mut;
use real::{RealRoots, RealSource, RealTarget, real_roots};

use crate::lanes::{LANES, Lane};
use crate::simd::SimdLevel;
use crate::spectrum::{Spectra, Spectrum, Wanted};

/// A plan: in which precision, and its tables.
#[derive(Clone)]
pub(crate) enum Kernel {
    Single(Box<Plan<f32>>),
    Double(Box<Plan<f64>>),
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
    /// Points of a column, `N1`.
    points: usize,
    /// `[column n2][n1]`: where sample `N2 n1 + n2` lies in the transposed signal.
    places: Vec<u32>,
    /// Likewise, the window there.
    window: Vec<T>,
    column_roots: RealRoots<T>,
    row_roots: Roots<T>,
    /// `[k1][n2]`: `exp(-2 pi i n2 k1 / N)`, for `k1` under `N1 / 2`.
    between: Vec<Root<T>>,
    /// Half of `exp(-2 pi i k / 2 N2)`, for `k` up to `N2 / 2`.
    separation: [Root<T>; ROW / 2 + 1],
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
            Self::Double(Box::new(Plan::new(window, hop_length, level)?))
        } else {
            Self::Single(Box::new(Plan::new(window, hop_length, level)?))
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

/// Complex points of a row.
const ROW: usize = 64;

impl<T: Dispatch> Plan<T> {
    fn new(window: &[f64], hop_length: usize, level: SimdLevel) -> Option<Self> {
        let n_fft = window.len();
        if !LENGTHS.contains(&n_fft) {
            return None;
        }
        let points = n_fft / ROW;
        let width = hop_length.min(n_fft);
        let layout =
            Layout { hop_length, width, rows: (LANES + (n_fft - 1) / hop_length).next_multiple_of(LANES) };
        if layout.rows.checked_mul(width)? > MAX_TRANSPOSED {
            return None;
        }
        // Less than MAX_TRANSPOSED.
        let place = |n: usize| ((n % hop_length) * layout.rows + n / hop_length) as u32;
        let sample = |i: usize| ROW * (i % points) + i / points;
        Some(Self {
            level,
            points,
            places: (0..n_fft).map(|i| place(sample(i))).collect(),
            window: (0..n_fft)
                .map(|i| T::from_f64(window.get(sample(i)).copied().unwrap_or_default()))
                .collect(),
            column_roots: real_roots(points),
            row_roots: roots(),
            between: (0..n_fft / 2).map(|i| Root::new((i / ROW) * (i % ROW), n_fft)).collect(),
            separation: std::array::from_fn(|k| Root::new(k, 2 * ROW).halved()),
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
        let used = count + (ROW * self.points - 1) / self.layout.hop_length;
        let parts = self.parts();
        let memory = aligned(memory, parts.iter().sum());
        let (transposed, work) = memory.split_at_mut(parts.first().copied().unwrap_or(0));
        let mut padded = padded.chunks_exact_mut(width);
        for first in (0..used).step_by(SQUARE * SQUARES) {
            let mut from: [[&[f32]; SQUARE]; SQUARES] = [[&[]; SQUARE]; SQUARES];
            let slots = from.as_flattened_mut().iter_mut().zip(&mut padded);
            for (i, (slot, memory)) in (first..used).zip(slots) {
                *slot = row(i, memory);
            }
            let squares = (used - first).div_ceil(SQUARE);
            let out = transposed.get_mut(first..).unwrap_or_default();
            T::dispatch(
                self.level,
                Transpose { from: from.get(..squares).unwrap_or(&from), width, out, stride: rows },
            );
        }
        T::dispatch(self.level, Frames { plan: self, transposed, work, count, wanted, spectra });
    }

    /// Lengths of the parts of the memory, in `f32`.
    fn parts(&self) -> [usize; 2] {
        let vector = LANES * size_of::<T>() / size_of::<f32>();
        let transposed = self.layout.rows * self.layout.width;
        // Two half-transformed rows, and all columns' results with a gap after each: what lies at a distance of a
        // power of two would get into each other's way in the cache.
        let work = 2 * vector * (2 * ROW + ROW * (self.points / 2 + 1));
        [transposed.next_multiple_of(LANES), work]
    }
}

/// `len` values that begin at a cache line.
fn aligned(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    memory.resize(memory.len().max(len + LANES), 0.0);
    let offset = memory.as_ptr().align_offset(size_of::<Lane>()).min(LANES);
    memory.get_mut(offset..offset + len).unwrap_or_default()
}

/// Squares that are transposed beside each other, so that what is written of a column is written at once.
const SQUARES: usize = 4;

/// Transposes rows of the signal.
struct Transpose<'a> {
    from: &'a [[&'a [f32]; SQUARE]],
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
        for line in (0..whole).step_by(LANES) {
            for (i, rows) in from.iter().enumerate() {
                for at in (line..whole.min(line + LANES)).step_by(SQUARE) {
                    s.transpose(
                        rows,
                        at,
                        out.get_mut(at * stride + i * SQUARE..).unwrap_or_default(),
                        stride,
                    );
                }
            }
        }
        for at in whole..width {
            for (row, out) in from.as_flattened().iter().zip(out.get_mut(at * stride..).unwrap_or_default()) {
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
        match self.plan.points {
            8 => self.frames::<A, 8, 5, 1>(s),
            16 => self.frames::<A, 16, 9, 2>(s),
            32 => self.frames::<A, 32, 17, 4>(s),
            _ => self.frames::<A, 64, 33, 8>(s),
        }
    }
}

/// One column of windowed samples.
struct Column<'a, A: Arith, const N: usize> {
    s: A,
    transposed: &'a [f32],
    places: &'a [u32; N],
    window: &'a [A::T; N],
}

impl<A: Arith, const N: usize> Column<'_, A, N> {
    #[inline(always)]
    fn sample(&self, n: usize) -> A::V {
        let place = self.places[n] as usize;
        self.s.load(&self.transposed[place..place + A::LANES])
    }
}

impl<A: Arith, const N: usize> RealSource<A> for Column<'_, A, N> {
    #[inline(always)]
    fn butterfly(&self, n: usize) -> (A::V, A::V) {
        let s = self.s;
        let a = s.mul(self.sample(n), s.splat(self.window[n]));
        let (b, weight) = (self.sample(n + N / 2), s.splat(self.window[n + N / 2]));
        (s.mul_add(b, weight, a), s.neg_mul_add(b, weight, a))
    }
}

/// A column's bins. The place of bin 0, which is not made, is for the sums.
impl<A: Arith, const S: usize> RealTarget<A> for &mut [[A::V; 2]; S] {
    #[inline(always)]
    fn sums(&mut self, even: A::V, odd: A::V) {
        self[0] = [even, odd];
    }
    #[inline(always)]
    fn bin(&mut self, k: usize, value: C<A>) {
        self[k] = [value.re, value.im];
    }
}

/// Row 0: the sums as real points, two in each complex one; first all even sums, then all odd ones.
struct Sums<'a, V, const S: usize>(&'a Middle<V, S>);

impl<A: Arith, const S: usize> Source<A> for Sums<'_, A::V, S> {
    #[inline(always)]
    fn get(&self, n: usize) -> C<A> {
        let (odd, n) = (n / (ROW / 2), n % (ROW / 2));
        Complex { re: self.0[2 * n][0][odd], im: self.0[2 * n + 1][0][odd] }
    }
}

/// Any other row.
struct Row<'a, A: Arith, const S: usize> {
    s: A,
    middle: &'a Middle<A::V, S>,
    k1: usize,
    roots: &'a [Root<A::T>; ROW],
}

impl<A: Arith, const S: usize> Source<A> for Row<'_, A, S> {
    #[inline(always)]
    fn get(&self, n: usize) -> C<A> {
        // The mask changes nothing; with it the index needs no check.
        let [re, im] = self.middle[n][self.k1 & (S - 2)];
        rotate(self.s, Complex { re, im }, &self.roots[n])
    }
}

/// The results of all columns, with a gap after each.
type Middle<V, const S: usize> = [[[V; 2]; S]; ROW];

impl<T: Real> Frames<'_, T> {
    #[inline(always)]
    fn frames<A: Arith<T = T>, const N1: usize, const S: usize, const R: usize>(self, s: A) {
        let Self { plan, transposed, work, count, wanted, spectra } = self;
        let Spectra { power, magnitude, re, im } = &mut *spectra;
        let work: &mut [[A::V; 2]] = cast_slice_mut(work);
        // Each transform's second half runs after the first half of the next one: it would have to wait for its own.
        let (halves, work) = work.split_at_mut(2 * ROW);
        let Some((middle, _)) = work.as_chunks_mut::<S>().0.split_first_chunk_mut::<ROW>() else { return };
        let Some(places) = plan.places.as_chunks::<N1>().0.first_chunk::<ROW>() else { return };
        let Some(windows) = plan.window.as_chunks::<N1>().0.first_chunk::<ROW>() else { return };
        let (between, _) = plan.between.as_chunks::<ROW>();
        let mut bins = Bins {
            s,
            wanted,
            power_alone: wanted == Spectrum::Power.into(),
            power: cast_slice_mut(power.as_flattened_mut()),
            magnitude: cast_slice_mut(magnitude.as_flattened_mut()),
            re: cast_slice_mut(re.as_flattened_mut()),
            im: cast_slice_mut(im.as_flattened_mut()),
            part: 0,
        };
        for lane in (0..count).step_by(A::LANES) {
            let transposed = transposed.get(lane..).unwrap_or_default();
            let columns = halves.as_chunks_mut::<4>().0.as_chunks_mut::<R>().0;
            for n2 in 0..=ROW {
                if n2 < ROW {
                    let source = Column { s, transposed, places: &places[n2], window: &windows[n2] };
                    real::first(s, &source, &mut columns[n2 % 2]);
                }
                if let Some(n2) = n2.checked_sub(1) {
                    // The mask changes nothing; with it the index needs no check.
                    let mut column = &mut middle[n2 & (ROW - 1)];
                    real::second(s, &plan.column_roots, &columns[n2 % 2], &mut column);
                }
            }
            bins.part = lane / A::LANES;
            let Some((even, odd)) = halves.split_first_chunk_mut::<ROW>() else { return };
            let Some(odd) = odd.first_chunk_mut::<ROW>() else { return };
            first(s, &Sums(middle), even);
            second(s, &plan.row_roots, even, &mut &mut *odd);
            separate(s, odd, &plan.separation, N1 / 2, &mut bins);
            let rows = halves.as_chunks_mut::<ROW>().0;
            for (k1, roots) in (1..=N1 / 2).zip(between.iter().skip(1).map(Some).chain([None])) {
                if let Some(roots) = roots {
                    first(s, &Row { s, middle, k1, roots }, &mut rows[k1 % 2]);
                }
                if k1 > 1 {
                    let k1 = k1 - 1;
                    second(
                        s,
                        &plan.row_roots,
                        &rows[k1 % 2],
                        &mut RowBins { k1, points: N1, bins: &mut bins },
                    );
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
