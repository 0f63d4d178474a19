//! Which track id each file gets.

use std::collections::HashSet;
use std::path::Path;

/// What is known of a file before its id is settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// Path relative to the scanned folder.
    pub(super) relative: &'a Path,
    /// Id given by the metadata table.
    pub(super) table: Option<&'a str>,
    /// Id under which the catalog has the file already.
    pub(super) current: Option<&'a str>,
}

/// One id for each wish, all different and none of `reserved`.
///
/// The table's id comes first, then the one the catalog has, then the file name without its extension. Where that
/// is taken (`a/01.mp3` and `b/01.mp3`), the relative path without its extension is used; where that is taken too
/// (`x.mp3` and `x.ogg`), the relative path; and then a number is added. Wishes are served in order, so the same files give the same ids.
pub(super) fn assign(wishes: &[Wish<'_>], reserved: &HashSet<String>) -> Vec<String> {
    let mut taken = reserved.clone();
    let mut ids: Vec<Option<String>> = vec![None; wishes.len()];
    for choose in [|w: &Wish<'_>| w.table.map(str::to_owned), |w: &Wish<'_>| w.current.map(str::to_owned)] {
        for (wish, id) in wishes.iter().zip(&mut ids).filter(|(_, id)| id.is_none()) {
            *id = choose(wish).filter(|wanted| taken.insert(wanted.clone()));
        }
    }
    wishes
        .iter()
        .zip(ids)
        .map(|(wish, id)| id.unwrap_or_else(|| free_name(wish.relative, &mut taken)))
        .collect()
}

/// The names that a file can get without a number: its own, and as little more as it takes to be new.
fn names(relative: &Path) -> [String; 3] {
    let joined = |path: &Path| path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let stem = relative.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    [stem, joined(&relative.with_extension("")), joined(relative)]
}

/// Whether `id` can have come from the file's name.
pub(super) fn is_named_after(id: &str, relative: &Path) -> bool {
    let names = names(relative);
    let numbered = |whole: &str| {
        id.strip_prefix(whole)
            .and_then(|rest| rest.strip_prefix('~'))
            .is_some_and(|n| n.parse::<u64>().is_ok())
    };
    names.iter().any(|name| name == id) || names.last().is_some_and(|whole| numbered(whole))
}

fn free_name(relative: &Path, taken: &mut HashSet<String>) -> String {
    let names = names(relative);
    let whole = names.last().cloned().unwrap_or_default();
    let numbered = (2_u64..).map(|n| format!("{whole}~{n}"));
    // The numbers do not end, so neither does the search without a result.
    names.into_iter().chain(numbered).find(|name| taken.insert(name.clone())).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish<'a>(relative: &'a str, table: Option<&'a str>, current: Option<&'a str>) -> Wish<'a> {
        Wish { relative: Path::new(relative), table, current }
    }

    #[test]
    fn stem_unless_taken() {
        let wishes =
            [wish("a/01.mp3", None, None), wish("b/01.mp3", None, None), wish("b/01.ogg", None, None)];
        assert_eq!(assign(&wishes, &HashSet::new()), ["01", "b/01", "b/01.ogg"]);
    }

    #[test]
    fn table_then_catalog_then_name() {
        let wishes =
            [wish("x.mp3", None, None), wish("y.mp3", None, Some("x")), wish("z.mp3", Some("y"), Some("z"))];
        assert_eq!(assign(&wishes, &HashSet::new()), ["x.mp3", "x", "y"]);
    }

    #[test]
    fn an_id_in_the_table_twice_serves_the_first() {
        let wishes = [wish("a.mp3", Some("t"), None), wish("b.mp3", Some("t"), None)];
        assert_eq!(assign(&wishes, &HashSet::new()), ["t", "b"]);
    }

    #[test]
    fn reserved_ids_are_left_alone() {
        let reserved = HashSet::from(["a".to_owned()]);
        assert_eq!(assign(&[wish("a.mp3", Some("a"), Some("a"))], &reserved), ["a.mp3"]);
    }

    #[test]
    fn ids_that_come_from_a_name() {
        let path = Path::new("x/01.mp3");
        for id in ["01", "x/01", "x/01.mp3", "x/01.mp3~2"] {
            assert!(is_named_after(id, path), "{id}");
        }
        for id in ["1", "02", "x", "x/01.mp3~", "x/01.mp3~b", "y/01"] {
            assert!(!is_named_after(id, path), "{id}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8() {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.mp3");
        let wishes = [Wish { relative: Path::new(name), table: None, current: None }];
        assert_eq!(assign(&wishes, &HashSet::new()), ["caf\u{fffd}"]);
    }
}
