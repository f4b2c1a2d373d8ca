use std::io;
use std::process::Child;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Sends a signal to a child that was not waited for to its end, so that its process id is still its own.
pub(super) fn send(child: &Child, signal: Signal) -> io::Result<()> {
    Ok(kill_process(Pid::from_child(child), signal)?)
}

/// Whether a stop signal has reached all of the process.
pub(super) fn is_stopped(child: &Child) -> bool {
    // Only looked at: what is told of the child's end stays for whoever waits for that.
    let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(child)), look).is_ok_and(|status| status.is_some())
}
