use soundalike_features::SimdLevel;

use crate::Failure;

/// Has all plans made afterwards use the instructions of `level` at most; `auto` is the machine's best. Returns the
/// name of the level that they get.
///
/// # Errors
/// If the level is unknown, or the machine does not have it.
pub fn use_simd(level: &str) -> Result<&'static str, Failure> {
    if level == "auto" {
        return Ok(SimdLevel::current().name());
    }
    let known = SimdLevel::ALL.into_iter().find(|known| known.name() == level).ok_or_else(|| {
        let names = SimdLevel::ALL.map(SimdLevel::name).join(", ");
        format!("there is no level {level} of instructions, only auto, {names}")
    })?;
    if known > SimdLevel::best() {
        return Err(format!("this machine does not have {level}, {} at most", SimdLevel::best()).into());
    }
    known.set_limit();
    Ok(known.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_by_name() {
        assert_eq!(use_simd("auto").unwrap(), SimdLevel::best().name());
        assert_eq!(use_simd("portable").unwrap(), "portable");
        assert_eq!(SimdLevel::current(), SimdLevel::Portable);
        assert!(use_simd("mmx").is_err());
        SimdLevel::best().set_limit();
    }
}
