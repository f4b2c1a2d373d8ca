use std::io;
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command};

use rustix::process::Signal;

use super::{TestkitError, eventually, signal};

/// A process that a test kills: with SIGKILL when this is dropped, if not before. All else is its [`Child`]'s.
#[derive(Debug)]
pub struct Victim(Child);

impl Victim {
    /// This test's program once more, to run one of its tests alone: what the process does that is killed.
    ///
    /// # Errors
    ///
    /// When the operating system doesn't say which program that is.
    pub fn of_test(name: &str) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", name, "--nocapture"]);
        Ok(command)
    }

    /// Starts the process.
    ///
    /// # Errors
    ///
    /// [`TestkitError::Io`] when it can't be started.
    pub fn start(command: &mut Command) -> Result<Self, TestkitError> {
        command.spawn().map(Self).map_err(TestkitError::io("start", command.get_program()))
    }

    /// Stops it where it is (SIGSTOP), until [`resume`](Self::resume), and returns when it stands still.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub async fn pause(&self) -> io::Result<()> {
        signal::send(self, Signal::STOP)?;
        eventually("the process stands still", || async { signal::is_stopped(self) }).await;
        Ok(())
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn resume(&self) -> io::Result<()> {
        signal::send(self, Signal::CONT)
    }
}

impl Deref for Victim {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Victim {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).ok();
    }
}
