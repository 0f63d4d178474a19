//! Angles in turns (1 is a whole circle), without branches or calls, so that loops over many become vectors.

/// Added to and taken from a single, this rounds it to the nearest whole number (to even), for magnitudes up to 2^21.
const ROUND: f32 = 12_582_912.0;

/// The nearest whole number.
#[inline(always)]
fn round(x: f32) -> f32 {
    (x + ROUND) - ROUND
}

/// `x` turns within half a turn of zero.
#[inline(always)]
pub(crate) fn wrap(x: f32) -> f32 {
    x - round(x)
}

/// The angle of `(x, y)` in turns, -1/2 to 1/2; right to 1e-7. That of nothing is 0.
#[inline(always)]
pub(crate) fn angle(y: f32, x: f32) -> f32 {
    let (ax, ay) = (x.abs(), y.abs());
    let (low, high) = if ax < ay { (ax, ay) } else { (ay, ax) };
    let a = low / if high > 1e-37 { high } else { 1e-37 };
    let s = a * a;
    // Least largest error of an odd polynomial of atan(a) / 2 pi over 0 to 1.
    let p = 0.001_084_134_2;
    let p = p * s - 0.005_348_28;
    let p = p * s + 0.012_672_5;
    let p = p * s - 0.021_061_52;
    let p = p * s + 0.031_525_12;
    let p = p * s - 0.053_026_24;
    let p = (p * s + 0.159_154_32) * a;
    let p = if ax < ay { 0.25 - p } else { p };
    let p = if x < 0.0 { 0.5 - p } else { p };
    if y < 0.0 { -p } else { p }
}

/// Cosine and sine of `x` turns, for magnitudes up to 2^19; right to 2e-7.
#[inline(always)]
pub(crate) fn cos_sin(x: f32) -> (f32, f32) {
    let quarters = round(4.0 * x);
    let r = x - 0.25 * quarters;
    let s = r * r;
    let sin = (((-75.240_06 * s + 81.588_12) * s - 41.341_63) * s + std::f32::consts::TAU) * r;
    let cos = ((-83.592_65 * s + 64.921_25) * s - 19.739_152) * s + 1.0;
    // By the quarter: (c, s), (-s, c), (-c, -s), (s, -c).
    let odd = quarters - 2.0 * round(0.5 * quarters - 0.25);
    let (c, s) = if odd > 0.5 { (-sin, cos) } else { (cos, sin) };
    let half = wrap(0.25 * (quarters - odd));
    if half.abs() > 0.25 { (-c, -s) } else { (c, s) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn angles_are_those_of_the_library() {
        for i in 0..20_000 {
            let turns = f64::from(i) / 20_000.0 - 0.5;
            for radius in [1e-18_f64, 0.3, 1e15] {
                let (y, x) = (turns * TAU).sin_cos();
                let got = angle((radius * y) as f32, (radius * x) as f32);
                let error = wrap(got - turns as f32).abs();
                assert!(error < 3e-7, "{turns}: {got}");
            }
        }
        assert_eq!(angle(0.0, 0.0), 0.0);
    }

    #[test]
    fn cosines_are_those_of_the_library() {
        for i in -40_000..40_000 {
            let turns = i as f32 / 10_000.0;
            let (sin, cos) = (f64::from(turns) * TAU).sin_cos();
            let (c, s) = cos_sin(turns);
            assert!(
                (f64::from(c) - cos).abs() < 5e-7 && (f64::from(s) - sin).abs() < 5e-7,
                "{turns}: {c} {s}"
            );
        }
    }
}
