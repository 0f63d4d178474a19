use std::f64::consts::PI;

/// The window that a frame is multiplied by. All are periodic ("DFT-even", scipy's `fftbins=True`), as librosa
/// uses them for analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Window {
    /// `0.5 - 0.5 cos(2 pi n / N)`.
    #[default]
    Hann,
    /// `0.54 - 0.46 cos(2 pi n / N)`.
    Hamming,
    /// `0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)`.
    Blackman,
    /// All ones.
    Rectangular,
}

impl Window {
    /// The `length` values of the window. A window of one sample is 1, whichever its shape.
    #[must_use]
    pub fn values(self, length: usize) -> Vec<f32> {
        self.values_f64(length).map(|value| value as f32).collect()
    }

    pub(crate) fn values_f64(self, length: usize) -> impl Iterator<Item = f64> {
        let step = 2.0 * PI / length as f64;
        (0..length).map(move |n| {
            let x = step * n as f64;
            match self {
                _ if length == 1 => 1.0,
                Self::Hann => 0.5 - 0.5 * x.cos(),
                Self::Hamming => 0.54 - 0.46 * x.cos(),
                Self::Blackman => 0.42 - 0.5 * x.cos() + 0.08 * (2.0 * x).cos(),
                Self::Rectangular => 1.0,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periodic_values() {
        assert_eq!(Window::Hann.values(4), [0.0, 0.5, 1.0, 0.5]);
        assert_eq!(Window::Rectangular.values(3), [1.0; 3]);
        let hamming = Window::Hamming.values(4);
        for (got, want) in hamming.iter().zip([0.08, 0.54, 1.0, 0.54]) {
            assert!((got - want).abs() < 1e-6);
        }
        // scipy.signal.get_window("blackman", 5)
        let blackman = Window::Blackman.values(5);
        for (got, want) in blackman.iter().zip([0.0, 0.2007701, 0.8492299, 0.8492299, 0.2007701]) {
            assert!((got - want).abs() < 1e-6, "{blackman:?}");
        }
    }

    #[test]
    fn shortest_windows() {
        for window in [Window::Hann, Window::Hamming, Window::Blackman, Window::Rectangular] {
            assert_eq!(window.values(1), [1.0]);
            assert!(window.values(0).is_empty());
        }
    }
}
