use std::collections::BTreeMap;

/// Any error of a program that measures.
pub type Failure = Box<dyn std::error::Error>;

/// A program's arguments: `--name value` pairs and nothing else.
#[derive(Debug)]
pub struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// The arguments of this process.
    ///
    /// # Errors
    /// For one that is no pair.
    pub fn from_env() -> Result<Self, Failure> {
        let mut pairs = BTreeMap::new();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("{word}: expected --name value"))?;
            let value = words.next().ok_or_else(|| format!("{word}: expected a value after it"))?;
            pairs.insert(name.to_owned(), value);
        }
        Ok(Self(pairs))
    }

    /// Takes the argument `name`, if it was given.
    ///
    /// # Errors
    /// If it is not a `T`.
    pub fn take<T>(&mut self, name: &str) -> Result<Option<T>, Failure>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let Some(text) = self.0.remove(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|error| format!("--{name} {text}: {error}").into())
    }

    /// That no argument is left.
    ///
    /// # Errors
    /// Naming one that is.
    pub fn finish(self) -> Result<(), Failure> {
        match self.0.into_keys().next() {
            Some(name) => Err(format!("there is no argument --{name}").into()),
            None => Ok(()),
        }
    }
}
