//! Reading a [`ModelConfig`].
//!
//! Derived code for a tagged enum buffers the whole section, and errors then carry the section's place. Read by hand,
//! with `kind` first, each error keeps its own line and key.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::ModelConfig;

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Siamese,
    Simclr,
    Autoencoder,
    Genre,
    Identify,
}

struct Section;

impl<'de> Visitor<'de> for Section {
    type Value = ModelConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a model with its `kind`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ModelConfig, M::Error> {
        let mut before = serde_json::Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key != "kind" {
                before.insert(key, map.next_value()?);
                continue;
            }
            let kind: Kind = map.next_value()?;
            if before.is_empty() {
                return settings(kind, MapAccessDeserializer::new(map));
            }
            while let Some((key, value)) = map.next_entry::<String, serde_json::Value>()? {
                if key == "kind" || before.contains_key(&key) {
                    return Err(M::Error::custom(format_args!("duplicate field `{key}`")));
                }
                before.insert(key, value);
            }
            return settings(kind, serde_json::Value::Object(before)).map_err(M::Error::custom);
        }
        Err(M::Error::missing_field("kind"))
    }
}

fn settings<'de, D: Deserializer<'de>>(kind: Kind, from: D) -> Result<ModelConfig, D::Error> {
    fn read<'de, T: DeserializeOwned + Into<ModelConfig>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<ModelConfig, D::Error> {
        T::deserialize(from).map(Into::into)
    }
    match kind {
        Kind::Siamese => read::<super::SiameseConfig, D>(from),
        Kind::Simclr => read::<super::SimclrConfig, D>(from),
        Kind::Autoencoder => read::<super::AutoencoderConfig, D>(from),
        Kind::Genre => read::<super::GenreConfig, D>(from),
        Kind::Identify => read::<super::IdentifyConfig, D>(from),
    }
}

impl<'de> Deserialize<'de> for ModelConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Section)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IdentifyConfig, SimclrConfig};

    #[test]
    fn reads_in_any_order() {
        let want = ModelConfig::Simclr(SimclrConfig::new().with_projection_dim(32));
        for json in
            [r#"{"kind": "simclr", "projection_dim": 32}"#, r#"{"projection_dim": 32, "kind": "simclr"}"#]
        {
            assert_eq!(serde_json::from_str::<ModelConfig>(json).unwrap(), want);
        }
        let again = serde_json::to_string(&want).unwrap();
        assert!(again.starts_with(r#"{"kind":"simclr","#));
        assert_eq!(serde_json::from_str::<ModelConfig>(&again).unwrap(), want);
        let short: ModelConfig = serde_json::from_str(r#"{"kind": "identify"}"#).unwrap();
        assert_eq!(short, IdentifyConfig::new().into());
    }

    #[test]
    fn errors_keep_key_and_line() {
        let error = |json| serde_json::from_str::<ModelConfig>(json).unwrap_err().to_string();
        let unknown = error("{\"kind\": \"siamese\",\n\"embeding_dim\": 3}");
        assert!(unknown.contains("unknown field `embeding_dim`") && unknown.contains("line 2"), "{unknown}");
        assert!(error(r#"{"kind": "resnet"}"#).contains("unknown variant `resnet`"));
        assert!(error(r#"{"embedding_dim": 3}"#).contains("missing field `kind`"));
        assert!(error(r#"{"dropout": 0.1, "kind": "siamese", "dropout": 0.2}"#).contains("duplicate"));
        assert!(error(r#"{"dropout": 0.1, "kind": "siamese", "drop": 0.2}"#).contains("`drop`"));
        assert!(error("3").contains("a model with its `kind`"));
    }
}
