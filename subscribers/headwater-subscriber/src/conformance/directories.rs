use std::fs;
use std::path::{Path, PathBuf};

use super::bench::{Bench, all, put, text};
use super::case::group;
use crate::StoreError;

group![
    a_directory_that_is_not_there_is_made,
    an_empty_directory_is_taken,
    a_directory_of_something_else_is_refused_and_left_as_it_is,
    a_file_is_refused_and_left_as_it_is,
];

fn a_directory_that_is_not_there_is_made(bench: &Bench<'_>) {
    let directory = bench.path().join("of").join("a projection");
    bench.open(&directory).unwrap().commit(vec![put("a", "1")]).unwrap();
    assert_eq!(text(&all(&bench.open(&directory).unwrap().snapshot().unwrap())), "a=1");
}

fn an_empty_directory_is_taken(bench: &Bench<'_>) {
    fs::create_dir(bench.path()).unwrap();
    bench.store().commit(vec![put("a", "1")]).unwrap();
    assert_eq!(text(&all(&bench.store().snapshot().unwrap())), "a=1");
}

fn a_directory_of_something_else_is_refused_and_left_as_it_is(bench: &Bench<'_>) {
    // A file, one with a name that a store uses too, and one below.
    for (number, name) in ["letters.txt", "db", "deep/letters.txt"].into_iter().enumerate() {
        let directory = bench.path().join(number.to_string());
        let file = directory.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "dear Ada").unwrap();
        let before = files(&directory);
        let error = bench.open(&directory).unwrap_err();
        let named = name.split('/').next().unwrap();
        assert!(matches!(&error, StoreError::Foreign { entry, .. } if entry == named), "{error:?}");
        assert!(error.to_string().contains("name another directory"), "{error}");
        assert_eq!(files(&directory), before);
        assert_eq!(fs::read_to_string(&file).unwrap(), "dear Ada");
    }
}

fn a_file_is_refused_and_left_as_it_is(bench: &Bench<'_>) {
    fs::write(bench.path(), "dear Ada").unwrap();
    let error = bench.open(&bench.path()).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(bench.path()).unwrap(), "dear Ada");
}

/// What is below the directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        }
        files.push(path);
    }
    files.sort();
    files
}
