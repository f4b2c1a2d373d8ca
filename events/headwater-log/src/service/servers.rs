use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use super::secret::Secret;

/// The addresses of the servers of one cluster, without the credentials that one of them may have carried.
#[derive(Clone)]
pub(super) struct Servers {
    addresses: Vec<ServerAddr>,
    login: Option<UrlLogin>,
}

/// What stood before the `@` of an address: the client library ignores it there.
#[derive(Clone)]
pub(super) enum UrlLogin {
    UserAndPassword(String, Secret),
    Token(Secret),
}

impl Servers {
    pub(super) fn addresses(&self) -> &[ServerAddr] {
        &self.addresses
    }

    pub(super) fn login(&self) -> Option<&UrlLogin> {
        self.login.as_ref()
    }
}

impl FromStr for Servers {
    type Err = ServersError;

    fn from_str(text: &str) -> Result<Self, ServersError> {
        let mut addresses = Vec::new();
        let mut login = None;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (address, its_login) = parse(part)?;
            addresses.push(address);
            login = login.or(its_login);
        }
        if addresses.is_empty() {
            return Err(ServersError::new(text, "it is empty"));
        }
        Ok(Self { addresses, login })
    }
}

fn parse(part: &str) -> Result<(ServerAddr, Option<UrlLogin>), ServersError> {
    let refuse = |problem: &str| ServersError::new(part, problem);
    let address: ServerAddr = part.parse().map_err(|_| refuse("it is no URL with the scheme nats or tls"))?;
    if address.is_websocket() {
        return Err(refuse("WebSocket is not supported"));
    }
    if address.host().is_empty() {
        return Err(refuse("it names no host"));
    }
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = address.username().map(|user| match address.password() {
        Some(password) => UrlLogin::UserAndPassword(decode(user), decode(password).into()),
        None => UrlLogin::Token(decode(user).into()),
    });
    let mut url = address.into_inner();
    if login.is_some() {
        url.set_username("")
            .and_then(|()| url.set_password(None))
            .map_err(|()| refuse("it names no host"))?;
    }
    let address =
        ServerAddr::from_url(url).map_err(|_| refuse("it is no URL with the scheme nats or tls"))?;
    Ok((address, login))
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.addresses.iter().map(ServerAddr::as_url_str).collect();
        f.write_str(&addresses.join(", "))
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

/// A text that is not the address of a NATS server, or a list of such addresses.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{address}` is not the address of a NATS server: {problem}; write for example nats://127.0.0.1:4222"
)]
pub struct ServersError {
    /// The address as it was given, without user and password.
    pub address: String,
    /// What is wrong with it.
    pub problem: String,
}

impl ServersError {
    fn new(address: &str, problem: &str) -> Self {
        let address = match (address.find("://"), address.rfind('@')) {
            (Some(scheme), Some(at)) if scheme < at => {
                format!("{}***{}", &address[..scheme + 3], &address[at..])
            }
            (None, Some(at)) => format!("***{}", &address[at..]),
            _ => address.to_owned(),
        };
        Self { address, problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_several_addresses_with_and_without_scheme_and_port() {
        let servers: Servers = "nats://a:4223, b ,tls://c".parse().unwrap();
        assert_eq!(servers.to_string(), "nats://a:4223, nats://b, tls://c");
    }

    #[test]
    fn keeps_the_login_of_an_address_and_shows_it_nowhere() {
        let servers: Servers = "nats://ana:s%40crt@a:4222,nats://b".parse().unwrap();
        let Some(UrlLogin::UserAndPassword(user, password)) = servers.login() else { panic!("no login") };
        assert_eq!((user.as_str(), password.reveal()), ("ana", "s@crt"));
        assert_eq!(format!("{servers} {servers:?}"), "nats://a:4222, nats://b [nats://a:4222, nats://b]");
    }

    #[test]
    fn takes_a_user_without_a_password_for_a_token() {
        let servers: Servers = "nats://t0ken@a".parse().unwrap();
        assert!(matches!(servers.login(), Some(UrlLogin::Token(token)) if token.reveal() == "t0ken"));
    }

    #[test]
    fn refuses_what_is_no_address_without_repeating_the_password() {
        for (text, wanted) in [
            ("http://ana:secret@a", "`http://***@a`"),
            ("ws://a", "WebSocket"),
            ("", "empty"),
            ("nats://", "nats://127.0.0.1:4222"),
            ("nats://a:99999", "`nats://a:99999`"),
        ] {
            let error = text.parse::<Servers>().unwrap_err().to_string();
            assert!(error.contains(wanted) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
