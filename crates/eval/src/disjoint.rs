//! Do the parts of a split share anything?

use std::collections::HashMap;

use crate::{Error, check};

/// Refuses parts that share a name: each part is its own name (such as `"train"`) and the tracks, artists or groups
/// that its items come from, repeats allowed.
///
/// Names are compared as they are. For pairs, give the tracks of both sides.
///
/// ```
/// use soundalike_eval::{Error, check_disjoint};
///
/// let error = check_disjoint(&[("train", &["a", "b", "b"][..]), ("test", &["c", "b"])]);
/// assert_eq!(error.unwrap_err().to_string(), "\"b\" is in train and in test");
/// ```
///
/// # Errors
/// [`Error::SharedGroup`] with the first name, in the order given, that an earlier part holds too.
pub fn check_disjoint<S: AsRef<str>>(parts: &[(&str, &[S])]) -> Result<(), Error> {
    let all =
        parts.iter().enumerate().flat_map(|(at, (_, names))| names.iter().map(move |n| (n.as_ref(), at)));
    match first_shared(all) {
        None => Ok(()),
        Some((group, first, second)) => {
            let name = |at: usize| parts.get(at).map_or(String::new(), |(name, _)| (*name).to_owned());
            Err(Error::SharedGroup { group: group.to_owned(), first: name(first), second: name(second) })
        }
    }
}

/// Refuses an assignment of items to parts in which a group is in two parts: a check of
/// [`crate::split_by_group`], or of a split that came from elsewhere.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::SharedGroup`] with the first group found in two parts.
pub fn check_split<S: AsRef<str>>(groups: &[S], parts: &[usize]) -> Result<(), Error> {
    check::same_length("parts", groups.len(), parts.len())?;
    match first_shared(groups.iter().map(AsRef::as_ref).zip(parts.iter().copied())) {
        None => Ok(()),
        Some((group, first, second)) => {
            let name = |at: usize| format!("part {at}");
            Err(Error::SharedGroup { group: group.to_owned(), first: name(first), second: name(second) })
        }
    }
}

/// The first name that comes with another part than before, with both parts.
fn first_shared<'n>(names: impl Iterator<Item = (&'n str, usize)>) -> Option<(&'n str, usize, usize)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (name, part) in names {
        let first = *seen.entry(name).or_insert(part);
        if first != part {
            return Some((name, first, part));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offender_is_named() {
        let (train, test) = (["a", "b", "a"], ["c"]);
        check_disjoint(&[("train", &train[..]), ("test", &test[..])]).unwrap();
        check_disjoint::<&str>(&[]).unwrap();
        check_split(&["a", "a", "b"], &[1, 1, 0]).unwrap();
        let leak = check_disjoint(&[("train", &train[..]), ("validation", &[]), ("test", &["d", "b", "a"])]);
        let Err(Error::SharedGroup { group, first, second }) = leak else { panic!("{leak:?}") };
        assert_eq!([&group, &first, &second], ["b", "train", "test"]);
        let leak = check_split(&["a", "b", "a"], &[0, 0, 2]);
        let Err(Error::SharedGroup { group, first, second }) = leak else { panic!("{leak:?}") };
        assert_eq!([&group, &first, &second], ["a", "part 0", "part 2"]);
        assert!(matches!(check_split(&["a"], &[]), Err(Error::LengthMismatch { .. })));
    }
}
