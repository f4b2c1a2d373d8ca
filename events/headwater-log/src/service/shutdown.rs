use std::io;

use tokio_util::sync::CancellationToken;

use super::Exit;

/// The wish that this process end, from SIGTERM, from Ctrl-C, or from the process itself.
///
/// The first signal asks: work in progress is finished and committed. A second one insists, and the process exits at
/// once with 130 (Ctrl-C) or 143 (SIGTERM); what was acknowledged by then is safe all the same.
///
/// # Example: a loop that ends between two pieces of work
///
/// ```no_run
/// use headwater_log::service::Shutdown;
///
/// # async fn work() {}
/// # async fn example() -> std::io::Result<()> {
/// let shutdown = Shutdown::on_signals()?;
/// while shutdown.token().run_until_cancelled(work()).await.is_some() {}
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Listens to the process's signals from now on. Call it once, inside the Tokio runtime, before the work begins.
    ///
    /// # Errors
    ///
    /// When the operating system doesn't let this process handle signals.
    pub fn on_signals() -> io::Result<Self> {
        let mut signals = Signals::listen()?;
        let token = CancellationToken::new();
        let asked = token.clone();
        tokio::spawn(async move {
            let first = signals.next().await;
            tracing::info!("{first}: finishing what is in progress; a second one ends the process at once");
            asked.cancel();
            let second = signals.next().await;
            tracing::warn!("{second} again: ending at once");
            std::process::exit(second.exit().code().into());
        });
        Ok(Self { token })
    }

    /// A token that is cancelled when the process should end. Child tokens of it can be handed out freely.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Waits until the process should end.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Asks for the end from inside, for example because another part of the process has failed.
    pub fn request(&self) {
        self.token.cancel();
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Interrupt,
    #[cfg(unix)]
    Terminate,
}

impl Signal {
    fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            #[cfg(unix)]
            Self::Terminate => Exit::Terminated,
        }
    }
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "Ctrl-C",
            #[cfg(unix)]
            Self::Terminate => "SIGTERM",
        })
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    async fn next(&mut self) -> Signal {
        self.interrupt.recv().await;
        Signal::Interrupt
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::*;

    const CHILD: &str = "HEADWATER_SHUTDOWN_TEST_CHILD";

    /// This test binary again, as a process that gets signals.
    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn start_child() -> (Child, impl FnMut(&str)) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "service::shutdown::tests::a_child_that_waits_for_signals", "--nocapture"])
            .env(CHILD, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let await_line =
            move |wanted: &str| assert!(lines.any(|line| line.unwrap().ends_with(wanted)), "no {wanted}");
        (child, await_line)
    }

    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn send(signal: &str, child: &Child) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
        assert!(sent.unwrap().success());
    }

    #[test]
    fn a_child_that_waits_for_signals() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shutdown = Shutdown::on_signals().unwrap();
            println!("ready");
            shutdown.requested().await;
            println!("asked");
            // Work that takes its time.
            tokio::time::sleep(Duration::from_secs(60)).await;
        });
    }

    #[test]
    fn the_first_signal_asks_and_the_second_one_ends_the_process() {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let (mut child, mut await_line) = start_child();
            await_line("ready");
            send("TERM", &child);
            await_line("asked");
            assert_eq!(child.try_wait().unwrap(), None);
            send(signal, &child);
            assert_eq!(child.wait().unwrap().code(), Some(code));
        }
    }

    #[tokio::test]
    async fn a_process_can_ask_itself() {
        let shutdown = Shutdown::on_signals().unwrap();
        let child = shutdown.token().child_token();
        shutdown.clone().request();
        shutdown.requested().await;
        assert!(child.is_cancelled());
    }
}
