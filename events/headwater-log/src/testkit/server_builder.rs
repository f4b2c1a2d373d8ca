use super::port::Port;
use super::{Cluster, Server, TestkitError};

/// How often a start is tried when a stranger holds a port.
const START_TRIES: usize = 3;

/// The settings of a [`Server`], or of every server of a [`Cluster`].
#[derive(Debug, Clone, Default)]
pub struct ServerBuilder {
    pub(super) sync_always: bool,
    pub(super) max_payload: Option<usize>,
    pub(super) extra: String,
}

impl ServerBuilder {
    /// Flushes every write to the disk before it is acknowledged, as production must
    /// (`sync_interval: always`); the server's default is every two minutes.
    #[must_use]
    pub fn sync_always(mut self) -> Self {
        self.sync_always = true;
        self
    }

    /// The largest message that the server takes, headers included, in bytes; the server's default is 1 MiB.
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = Some(bytes);
        self
    }

    /// Adds text to the server's configuration file, such as `authorization`, `accounts` or `tls` blocks; may be
    /// called several times.
    #[must_use]
    pub fn config(mut self, text: impl AsRef<str>) -> Self {
        self.extra.push_str(text.as_ref());
        self.extra.push('\n');
        self
    }

    /// Starts one server and waits until JetStream is ready, for at most 20 seconds.
    ///
    /// # Errors
    ///
    /// [`TestkitError`], with the end of the server's log where there is one, when there is no `nats-server`, when
    /// it refuses its configuration, and when it isn't ready in time.
    pub async fn start(self) -> Result<Server, TestkitError> {
        let mut tries_left = START_TRIES;
        loop {
            tries_left -= 1;
            match self.try_start().await {
                Err(error) if error.is_port_taken() && tries_left > 0 => {}
                result => return result,
            }
        }
    }

    /// Starts three servers with these settings as one cluster, and waits until it is complete.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub async fn start_cluster(self) -> Result<Cluster, TestkitError> {
        let mut tries_left = START_TRIES;
        loop {
            tries_left -= 1;
            match Cluster::try_start(&self).await {
                Err(error) if error.is_port_taken() && tries_left > 0 => {}
                result => return result,
            }
        }
    }

    async fn try_start(&self) -> Result<Server, TestkitError> {
        let mut server = Server::prepare(self, Port::reserve()?, None).await?;
        server.restart().await?;
        Ok(server)
    }
}

/// What makes a server a member of a cluster.
#[derive(Debug)]
pub(super) struct Member {
    /// The cluster's name.
    pub(super) cluster: String,
    /// On which this server listens for the others.
    pub(super) route: Port,
    /// On which the members listen for each other.
    pub(super) routes: Vec<u16>,
}

impl Member {
    pub(super) fn config(&self) -> String {
        let routes: Vec<_> =
            self.routes.iter().map(|port| format!("\"nats-route://127.0.0.1:{port}\"")).collect();
        // Nothing is advertised, so that a client reaches only the servers, or the proxies, that its test named.
        format!(
            "cluster {{\n  name: {cluster}\n  listen: \"127.0.0.1:{route}\"\n  routes: [{routes}]\n  \
             no_advertise: true\n}}\n",
            cluster = self.cluster,
            route = self.route.number(),
            routes = routes.join(", "),
        )
    }
}
