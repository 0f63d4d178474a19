#![allow(missing_docs, unreachable_pub)]
use serde::{Deserialize, Serialize};
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpectrogramConfig {}
#[derive(Debug, Clone)]
pub struct SpectrogramAugment;
impl SpectrogramAugment {
    pub fn new(_: &SpectrogramConfig) -> Result<Self, crate::Error> {
        Ok(Self)
    }
    pub fn apply(&self, _: u64, _: &mut [f32], _: usize, _: usize) -> Result<(), crate::Error> {
        Ok(())
    }
}
