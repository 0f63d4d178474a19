//! Colours that keep their order in grey and for colour-blind eyes.
//!
//! Both colour maps are paths through OKLab (Ottosson, "A perceptual color space for image processing", 2020)
//! of even lightness steps, so that equal differences in value look equally large. The sequential one runs
//! from near-black violet over red to pale yellow; the diverging one from blue over near-white to orange, a
//! pair that red-green blindness leaves apart.

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

pub(super) const WHITE: Rgb = [255, 255, 255];
pub(super) const TEXT: Rgb = [34, 34, 34];
pub(super) const AXIS: Rgb = [90, 90, 90];
pub(super) const GRID: Rgb = [225, 225, 225];

/// Colours of series (Okabe and Ito, "Color Universal Design", 2008): blue, vermilion, bluish green, orange,
/// reddish purple, sky blue.
pub(super) const SERIES: [Rgb; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [230, 159, 0], [204, 121, 167], [86, 180, 233]];

/// Index of the colour for "no value".
pub(super) const GAP: u8 = 255;

/// Number of colours of a map; the palette's last entry is for gaps.
pub(super) const LEVELS: usize = 255;

/// 255 colours from low to high, then the colour of a gap.
pub(super) type Palette = [Rgb; 256];

/// Light grey, outside of both maps' paths.
const GAP_COLOUR: Rgb = [200, 200, 200];

/// Dark to light, for levels.
pub(super) fn sequential() -> Palette {
    palette(|t| {
        // Violet at 300 degrees, over magenta and red, to yellow at 105 degrees.
        let hue = 300.0 + 165.0 * t.powf(1.15);
        let chroma = 0.21 * (std::f64::consts::PI * (0.10 + 0.74 * t)).sin();
        [0.15 + 0.82 * t, chroma, hue]
    })
}

/// Blue (low) over near-white to orange (high).
pub(super) fn diverging() -> Palette {
    palette(|t| {
        let from_centre = 2.0 * (t - 0.5);
        let strength = from_centre.abs();
        let hue = if from_centre < 0.0 { 255.0 } else { 45.0 };
        [0.97 - 0.52 * strength, 0.16 * strength.powf(0.9), hue]
    })
}

/// The palette index of a value within a range: clamped to its ends, NaN is a gap.
pub(super) fn level(value: f32, (low, high): (f64, f64)) -> u8 {
    if value.is_nan() {
        return GAP;
    }
    let share = (f64::from(value) - low) / (high - low);
    (share.clamp(0.0, 1.0) * (LEVELS - 1) as f64).round() as u8
}

/// Black or white, whichever reads better on a colour.
pub(super) fn readable_on(colour: Rgb) -> Rgb {
    if lightness(colour) > 0.63 { TEXT } else { WHITE }
}

/// Samples a path of (lightness, chroma, hue in degrees).
fn palette(path: impl Fn(f64) -> [f64; 3]) -> Palette {
    let mut colours = [GAP_COLOUR; 256];
    for (i, colour) in colours.iter_mut().take(LEVELS).enumerate() {
        *colour = in_gamut(path(i as f64 / (LEVELS - 1) as f64));
    }
    colours
}

/// The sRGB colour of an OKLCh colour; where sRGB lacks it, the most colourful one of the same lightness and
/// hue.
fn in_gamut([lightness, chroma, hue]: [f64; 3]) -> Rgb {
    let inside = |rgb: [f64; 3]| rgb.iter().all(|v| (-1e-6..=1.0 + 1e-6).contains(v));
    let (mut low, mut high) = (0.0, chroma);
    if inside(linear_rgb(lightness, chroma, hue)) {
        low = chroma;
    } else {
        for _ in 0..24 {
            let middle = 0.5 * (low + high);
            if inside(linear_rgb(lightness, middle, hue)) {
                low = middle;
            } else {
                high = middle;
            }
        }
    }
    linear_rgb(lightness, low, hue).map(|v| (255.0 * gamma(v.clamp(0.0, 1.0))).round() as u8)
}

/// OKLCh to linear sRGB; the matrices are Ottosson's.
fn linear_rgb(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let (sin, cos) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

/// The sRGB transfer function (IEC 61966-2-1).
fn gamma(linear: f64) -> f64 {
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// OKLab lightness of an sRGB colour.
fn lightness(colour: Rgb) -> f64 {
    let [r, g, b] = colour.map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let l = 0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b;
    let m = 0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b;
    let s = 0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b;
    0.210_454_255_3 * l.cbrt() + 0.793_617_785_0 * m.cbrt() - 0.004_072_046_8 * s.cbrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_rises_evenly() {
        let lights: Vec<f64> = sequential().iter().take(LEVELS).map(|c| lightness(*c)).collect();
        let want = 0.82 / (LEVELS - 1) as f64;
        // Over ten levels, since 8-bit colours round.
        for pair in lights.windows(11) {
            assert!((pair[10] - pair[0] - 10.0 * want).abs() < 0.008, "{pair:?}");
        }
        assert!(lights[0] < 0.2 && lights[LEVELS - 1] > 0.95);
    }

    #[test]
    fn the_diverging_map_is_balanced() {
        let map = diverging();
        for i in 0..LEVELS {
            assert!((lightness(map[i]) - lightness(map[LEVELS - 1 - i])).abs() < 0.01, "{i}");
        }
        let [r, g, b] = map[LEVELS / 2];
        assert!(r.min(g).min(b) > 240 && r.max(g).max(b) - r.min(g).min(b) < 4);
        // Blue against orange: told apart by the blue channel, which red-green blindness leaves alone.
        assert!(map[0][2] > 150 && map[LEVELS - 1][2] < 60, "{:?} {:?}", map[0], map[LEVELS - 1]);
    }

    #[test]
    fn values_are_clamped_and_nan_is_a_gap() {
        let range = (-1.0, 1.0);
        assert_eq!(level(-1.0, range), 0);
        assert_eq!(level(0.0, range), 127);
        assert_eq!(level(1.0, range), 254);
        assert_eq!(level(f32::INFINITY, range), 254);
        assert_eq!(level(f32::NEG_INFINITY, range), 0);
        assert_eq!(level(f32::NAN, range), GAP);
    }

    #[test]
    fn grey_has_the_lightness_it_should() {
        assert!((lightness([255, 255, 255]) - 1.0).abs() < 1e-6);
        assert!(lightness([0, 0, 0]).abs() < 1e-9);
        assert_eq!(readable_on([255, 255, 255]), TEXT);
        assert_eq!(readable_on([0, 0, 0]), WHITE);
    }
}
