//! Pictures of features.

mod style;

use soundalike_eval::{LineChartConfig, Picture, SpectrogramConfig, line_chart, spectrogram};
use soundalike_features::Matrix;
pub use style::{Colours, Rows, Style};

use crate::cli::Outcome;

/// The dB shown below the loudest value.
const RANGE_DB: f64 = 80.0;

/// What is said beside a picture, and its size.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Title above the picture.
    pub title: &'a str,
    /// Seconds from frame to frame.
    pub frame_seconds: f64,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Draws a feature, `[coefficient x frame]`, which may be large and is used up: time to the right, coefficients upwards
/// and colours, or a line where there is but one coefficient.
///
/// # Errors
/// Those of drawing: an empty matrix, a size of zero.
pub fn draw(style: &Style, mut matrix: Matrix, look: Look<'_>) -> Outcome<Picture> {
    let (rows, columns) = (matrix.rows(), matrix.cols());
    if let (Rows::Line, [values]) = (&style.rows, matrix.iter_rows().collect::<Vec<_>>().as_slice()) {
        let config = LineChartConfig::default()
            .with_title(look.title)
            .with_frame_seconds(look.frame_seconds)
            .with_axis(style.unit.as_str())
            .with_size(look.size.0, look.size.1);
        return Ok(line_chart(values, &config)?);
    }
    let range = style.colours.prepare(&mut matrix);
    let (axis, ticks) = style.rows.axis(rows);
    let config = SpectrogramConfig::default()
        .with_title(look.title)
        .with_frame_seconds(look.frame_seconds)
        .with_size(look.size.0, look.size.1)
        .with_bin_axis(axis)
        .with_bin_ticks(ticks)
        .with_unit(style.unit.as_str());
    let config = match range {
        Some((low, high)) => config.with_range(low, high),
        None => config,
    };
    Ok(spectrogram(matrix.as_slice(), rows, columns, &config)?)
}

impl Colours {
    /// Makes values what is shown, and tells the range of the colours; without one it is that of the values.
    fn prepare(self, matrix: &mut Matrix) -> Option<(f64, f64)> {
        let values = matrix.as_mut_slice();
        let finite = |v: &&f32| v.is_finite();
        let largest = values.iter().filter(finite).fold(f32::MIN, |m, v| m.max(*v));
        match self {
            Self::Power => Some(below_maximum(values, largest, 10.0)),
            Self::Amplitude => Some(below_maximum(values, largest, 20.0)),
            Self::Db => {
                let smallest = values.iter().filter(finite).fold(f32::MAX, |m, v| m.min(*v));
                // Silence is the floor of the decibels throughout, and is drawn dark.
                let top = if largest > smallest { f64::from(largest) } else { f64::from(largest) + RANGE_DB };
                Some((top - RANGE_DB, top))
            }
            Self::Signed => {
                // The zeroth coefficient is the level, some ten times larger than all others, and the first is large
                // too: the colours are for the rest.
                let rest = if matrix.rows() > 2 { 2 * matrix.cols() } else { 0 };
                let limit = quantile_of_magnitudes(matrix.as_slice().get(rest..).unwrap_or_default());
                Some((-limit, limit))
            }
            Self::Values => None,
        }
    }
}

/// Makes powers (`factor` 10) or amplitudes (20) decibels below the largest. As they are, nothing but a few points could
/// be seen.
fn below_maximum(values: &mut [f32], largest: f32, factor: f64) -> (f64, f64) {
    let floor = f64::from(largest) * 10.0_f64.powf(-RANGE_DB / factor);
    for value in values {
        *value = match largest > 0.0 {
            false => -RANGE_DB as f32,
            true => {
                let share = f64::from(*value).max(floor).max(1e-38) / f64::from(largest).max(1e-38);
                (factor * share.log10()) as f32
            }
        };
    }
    (-RANGE_DB, 0.0)
}

/// The magnitude that 95 % of the values stay below.
fn quantile_of_magnitudes(values: &[f32]) -> f64 {
    // A sample is enough for a colour range.
    let step = values.len().div_ceil(100_000).max(1);
    let finite = values.iter().step_by(step).filter(|v| v.is_finite());
    let mut magnitudes: Vec<f32> = finite.map(|v| v.abs()).collect();
    magnitudes.sort_by(f32::total_cmp);
    let found = magnitudes.get(magnitudes.len() * 95 / 100).copied().unwrap_or(1.0);
    // What is all but nothing is no noise to be shown.
    f64::from(found).max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, values: &[f32]) -> Matrix {
        Matrix::new(values.to_vec(), rows, values.len() / rows).unwrap()
    }

    #[test]
    fn decibels_lie_under_the_largest() {
        for (colours, values) in [(Colours::Power, [4.0, 0.04, 0.0]), (Colours::Amplitude, [2.0, 0.2, 0.0])] {
            let mut m = matrix(1, &values);
            assert_eq!(colours.prepare(&mut m), Some((-80.0, 0.0)));
            let want = [0.0, -20.0, -80.0];
            assert!(m.as_slice().iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-4), "{m:?}");
        }
        let mut silence = matrix(1, &[0.0; 3]);
        assert_eq!(Colours::Power.prepare(&mut silence), Some((-80.0, 0.0)));
        assert_eq!(silence.as_slice(), [-80.0; 3]);
        assert_eq!(Colours::Db.prepare(&mut matrix(1, &[-100.0; 3])), Some((-100.0, -20.0)));
        assert_eq!(Colours::Db.prepare(&mut matrix(1, &[-10.0, 5.0])), Some((-75.0, 5.0)));
        assert_eq!(Colours::Signed.prepare(&mut matrix(3, &[-300.0, 90.0, -4.0])), Some((-4.0, 4.0)));
    }

    #[test]
    fn every_kind_of_row_can_be_drawn() {
        let kinds = [
            Rows::Line,
            Rows::Bins { hz: 100.0 },
            Rows::Mel { scale: Default::default(), fmin: 0.0, fmax: 8000.0 },
            Rows::Coefficients,
            Rows::PitchClasses { first: 9 },
            Rows::Named { axis: "band", names: vec!["low".into(), "high".into()] },
            Rows::Lags { frame_seconds: 0.02 },
        ];
        for rows in kinds {
            for colours in [Colours::Power, Colours::Amplitude, Colours::Db, Colours::Signed, Colours::Values]
            {
                let style = Style::new(rows.clone(), colours, "unit");
                for (n, values) in
                    [(1, vec![0.5; 4]), (2, vec![0.0, f32::INFINITY, -1.0, 3.0]), (30, vec![0.0; 60])]
                {
                    let look = Look { title: "x", frame_seconds: 0.1, size: (400, 300) };
                    let picture = draw(&style, matrix(n, &values), look).unwrap();
                    assert!(picture.png().unwrap().starts_with(b"\x89PNG"), "{rows:?} {colours:?} {n}");
                }
            }
        }
    }
}
