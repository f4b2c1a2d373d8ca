use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use super::TestkitError;

/// Below the range from which Linux and macOS give ports to outgoing connections, so that none of those takes
/// the port of a server that is down for a moment.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// A TCP port on 127.0.0.1 that no other testkit uses, for as long as this value lives.
///
/// The reservation is the UDP port of the same number: it excludes other processes too, keeps the port for a
/// server that is down, and ends with the process, however that ends.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reservation: UdpSocket,
}

impl Port {
    /// Reserves a free port.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NoPort`] when there is none.
    pub fn reserve() -> Result<Self, TestkitError> {
        let range = LAST - FIRST + 1;
        // Test binaries that start together should not all begin at the same port.
        let random = RandomState::new().build_hasher().finish();
        let offset = u16::try_from(random % u64::from(range)).unwrap_or_default();
        (0..range)
            .map(|step| FIRST + (offset + step) % range)
            .find_map(Self::try_reserve)
            .ok_or(TestkitError::NoPort { first: FIRST, last: LAST })
    }

    fn try_reserve(number: u16) -> Option<Self> {
        let reservation = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, _reservation: reservation })
    }

    /// The port's number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_port_for_one_owner_until_it_is_dropped() {
        let port = Port::reserve().unwrap();
        let number = port.number();
        assert!(Port::try_reserve(number).is_none());
        drop(port);
        assert!(Port::try_reserve(number).is_some());
    }

    #[test]
    fn passes_over_a_port_on_which_somebody_listens() {
        let port = Port::reserve().unwrap();
        let number = port.number();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        drop(port);
        assert!(Port::try_reserve(number).is_none());
    }
}
