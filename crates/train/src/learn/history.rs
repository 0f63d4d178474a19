//! What a training has been through: as a table and as a picture.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use soundalike_eval::{CurveChartConfig, CurveSeries, curve_chart};

use crate::{Error, files};

/// One validation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryRow {
    /// Steps done.
    pub step: usize,
    /// Mean loss of the steps since the last validation.
    pub train_loss: f64,
    /// Loss of the validation batches.
    pub validation_loss: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Clips through the encoder a second.
    pub clips_per_second: f64,
    /// Seconds of training so far, over all runs that were resumed.
    pub seconds: f64,
}

/// The validations of a training, in order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History(Vec<HistoryRow>);

impl History {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[HistoryRow] {
        &self.0
    }

    pub(crate) fn push(&mut self, row: HistoryRow) {
        self.0.push(row);
    }

    /// Writes `history.csv` and the picture `curves.png` into `folder`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let mut csv =
            String::from("step,train_loss,validation_loss,learning_rate,clips_per_second,seconds\n");
        for row in &self.0 {
            csv += &format!(
                "{},{:.6},{:.6},{:.3e},{:.1},{:.1}\n",
                row.step,
                row.train_loss,
                row.validation_loss,
                row.learning_rate,
                row.clips_per_second,
                row.seconds
            );
        }
        files::replace(&folder.join("history.csv"), |file| file.write_all(csv.as_bytes()))?;
        if self.0.is_empty() {
            return Ok(());
        }
        let line = |of: fn(&HistoryRow) -> f64| {
            self.0.iter().map(|row| (row.step as f64, of(row))).collect::<Vec<_>>()
        };
        let (training, validation) = (line(|row| row.train_loss), line(|row| row.validation_loss));
        let series = [
            CurveSeries { name: "training", points: &training },
            CurveSeries { name: "validation", points: &validation },
        ];
        let config = CurveChartConfig::default().with_title("Loss").with_axes("step", "loss");
        let png = curve_chart(&series, &config)?.png()?;
        files::replace(&folder.join("curves.png"), |file| file.write_all(&png))
    }
}
