//! One row a second.

use soundalike_features::Matrix;

use super::Values;
use crate::cli::Outcome;

/// The mean of the frames of each second, `[second x coefficient]`. A frame belongs to the second in which its time lies,
/// and one that lies at the very end of the audio to the last second.
///
/// # Errors
/// For values that are no matrix of real numbers, and for frames more than a second apart.
pub fn per_second(values: &Values, frame_seconds: f64, duration_s: f64) -> Outcome<Values> {
    let Values::Matrix(matrix) = values else {
        return Err("--per-second is for features that are one matrix of real numbers".into());
    };
    if frame_seconds > 1.0 {
        return Err(format!("--per-second: frames are {frame_seconds} s apart").into());
    }
    let last = (duration_s.ceil() as usize).saturating_sub(1);
    // Frames at whole seconds shall not fall into the second before by rounding.
    let second = |frame: usize| ((frame as f64 * frame_seconds * (1.0 + 1e-12)) as usize).min(last);
    let seconds = matrix.cols().checked_sub(1).map_or(0, |frame| second(frame) + 1);
    let mut counts = vec![0_u32; seconds];
    (0..matrix.cols()).for_each(|frame| {
        if let Some(count) = counts.get_mut(second(frame)) {
            *count += 1;
        }
    });
    let mut rows = Vec::with_capacity(seconds * matrix.rows());
    let mut first = 0;
    for count in counts {
        for row in matrix.iter_rows() {
            let frames = row.iter().skip(first).take(count as usize);
            rows.push((frames.map(|value| f64::from(*value)).sum::<f64>() / f64::from(count)) as f32);
        }
        first += count as usize;
    }
    Ok(Values::Seconds(Matrix::new(rows, seconds, matrix.rows())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_the_frames_of_each_second() {
        let matrix = Matrix::new((0..18).map(|v| v as f32).collect(), 2, 9).unwrap();
        let of = |frame_seconds, duration| match per_second(
            &Values::Matrix(matrix.clone()),
            frame_seconds,
            duration,
        )
        .unwrap()
        {
            Values::Seconds(rows) => (rows.rows(), rows.as_slice().to_vec()),
            other => panic!("{other:?}"),
        };
        // Frames at 0, 0.25, .. 2.0 s of two seconds: the last one lies at the end.
        assert_eq!(of(0.25, 2.0), (2, vec![1.5, 10.5, 6.0, 15.0]));
        assert_eq!(of(0.25, 2.1), (3, vec![1.5, 10.5, 5.5, 14.5, 8.0, 17.0]));
        // 0.1 is a little more, 0.7 a little less than it seems.
        assert_eq!(of(0.1, 0.9), (1, vec![4.0, 13.0]));
        let (rows, values) = of(1.0, 9.0);
        assert_eq!((rows, &values[..2], &values[16..]), (9, &[0.0, 9.0][..], &[8.0, 17.0][..]));
        assert!(per_second(&Values::Matrix(matrix), 1.1, 9.0).is_err());
        assert!(per_second(&Values::Tempo(1.0, Matrix::default()), 0.1, 9.0).is_err());
    }
}
