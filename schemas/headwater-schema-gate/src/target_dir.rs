use std::path::{Path, PathBuf};

/// The directory into which cargo builds, as seen from a build script, which is only told a directory of its
/// own.
pub(crate) fn target_dir(out_dir: &Path, target: &str) -> Option<PathBuf> {
    // <target>[/<triple>]/<profile>/build/<package>/out
    let build =
        out_dir.ancestors().skip(1).find(|above| above.file_name().is_some_and(|name| name == "build"));
    let Some(above_profile) = build.and_then(Path::parent).and_then(Path::parent) else {
        // Cargo puts this file into target directories that it makes.
        return out_dir.ancestors().find(|above| above.join("CACHEDIR.TAG").is_file()).map(Path::to_owned);
    };
    let is_triple = above_profile.file_name().is_some_and(|name| name == target);
    if is_triple { above_profile.parent().map(Path::to_owned) } else { Some(above_profile.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_with_and_without_a_triple() {
        let triple = "x86_64-unknown-linux-gnu";
        for out_dir in [
            "/nowhere/target/debug/build/gate-0123/out",
            "/nowhere/target/x86_64-unknown-linux-gnu/release/build/gate-0123/out",
        ] {
            assert_eq!(target_dir(Path::new(out_dir), triple), Some("/nowhere/target".into()));
        }
        assert_eq!(target_dir(Path::new("/nowhere"), triple), None);
    }

    #[test]
    fn is_known_by_its_tag_in_any_other_layout() {
        let target = tempfile::tempdir().unwrap();
        std::fs::write(target.path().join("CACHEDIR.TAG"), "").unwrap();
        let out_dir = target.path().join("any/other/layout");
        assert_eq!(target_dir(&out_dir, "triple").as_deref(), Some(target.path()));
    }
}
