use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// As whom the server runs: PostgreSQL refuses to run as root, and then it is `nobody`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Whoever runs the test.
    Tester,
    /// Another user, because the tester is root.
    Nobody { user: u32, group: u32 },
}

impl Owner {
    /// As whom a server can run whose directory the tester has made.
    #[cfg(unix)]
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;

        if fs::metadata(directory)?.uid() != 0 {
            return Ok(Self::Tester);
        }
        let users = fs::read_to_string("/etc/passwd")?;
        nobody(&users).ok_or_else(|| {
            io::Error::other("PostgreSQL doesn't run as root, and there is no user `nobody` in /etc/passwd")
        })
    }

    #[cfg(unix)]
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Tester => Ok(()),
            Self::Nobody { user, group } => std::os::unix::fs::chown(path, Some(user), Some(group)),
        }
    }

    #[cfg(unix)]
    pub(super) fn run(self, command: &mut Command) -> &mut Command {
        use std::os::unix::process::CommandExt as _;

        match self {
            Self::Tester => command,
            Self::Nobody { user, group } => command.uid(user).gid(group),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        fs::metadata(directory).map(|_| Self::Tester)
    }

    #[cfg(not(unix))]
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        fs::metadata(path).map(drop)
    }

    #[cfg(not(unix))]
    pub(super) fn run(self, command: &mut Command) -> &mut Command {
        command
    }
}

/// The user `nobody` of a file like `/etc/passwd`.
fn nobody(users: &str) -> Option<Owner> {
    let line = users.lines().find(|line| line.starts_with("nobody:"))?;
    let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
    Some(Owner::Nobody { user: ids.next()?, group: ids.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nobody_among_the_users() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n";
        assert_eq!(nobody(users), Some(Owner::Nobody { user: 65534, group: 65533 }));
        assert_eq!(nobody("root:x:0:0:root:/root:/bin/bash\n"), None);
    }
}
