use std::time::Duration;

use super::deadline::Deadline;
use super::port::Port;
use super::server_builder::Member;
use super::{Server, ServerBuilder, TestkitError, monitor};

/// How many servers a cluster has: the fewest that can lose one and go on.
const SERVERS: usize = 3;

/// How long a cluster may take to agree: an election takes up to nine seconds on an idle machine.
const AGREE_LIMIT: Duration = Duration::from_secs(60);

/// Three NATS servers with JetStream that form one cluster on 127.0.0.1.
///
/// The servers advertise no addresses, so a client knows exactly the ones that it was given.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Server>,
}

impl Cluster {
    /// Starts three servers and waits until they have a JetStream leader and all of them are current.
    ///
    /// # Errors
    ///
    /// [`TestkitError`] as for [`ServerBuilder::start`], and when the servers don't agree within a minute.
    pub async fn start() -> Result<Self, TestkitError> {
        Server::builder().start_cluster().await
    }

    /// The addresses of the three servers, in order.
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    /// The addresses of the three servers in one string, separated by commas, as `--server` takes them.
    pub fn url(&self) -> String {
        self.urls().join(",")
    }

    /// The three servers, in order; a server's place here is its index everywhere.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Kills a server at once (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NotRunning`] when it is down already, or when there is no server with this index.
    pub async fn kill(&mut self, index: usize) -> Result<(), TestkitError> {
        self.server(index)?.kill().await
    }

    /// Stops a server where it is (SIGSTOP), until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// As [`Server::pause`]; [`TestkitError::NotRunning`] too when there is no server with this index.
    pub async fn pause(&mut self, index: usize) -> Result<(), TestkitError> {
        self.server(index)?.pause().await
    }

    /// Lets a paused server go on (SIGCONT). [`agreed`](Self::agreed) waits until it has caught up.
    ///
    /// # Errors
    ///
    /// As [`Server::resume`]; [`TestkitError::NotRunning`] too when there is no server with this index.
    pub fn resume(&mut self, index: usize) -> Result<(), TestkitError> {
        self.server(index)?.resume()
    }

    /// Starts a server again, after ending it cleanly if it runs.
    ///
    /// Waits until it has caught up if another server runs, and otherwise only until it accepts connections: one
    /// of three can't agree with anybody.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::start`], and [`TestkitError::NotRunning`] when there is no server with this index.
    pub async fn restart(&mut self, index: usize) -> Result<(), TestkitError> {
        let server = self.server(index)?;
        if server.pid().is_some() {
            server.stop().await?;
        }
        server.spawn()?;
        server.wait_for_connections().await?;
        if self.running().count() > SERVERS / 2 { self.agreed().await } else { Ok(()) }
    }

    /// Waits until the servers that run, and aren't paused, have a JetStream leader, and all of them are current.
    ///
    /// # Errors
    ///
    /// [`TestkitError::Late`] when that doesn't come within a minute.
    pub async fn agreed(&self) -> Result<(), TestkitError> {
        let deadline = Deadline::after(AGREE_LIMIT);
        while !self.agrees().await {
            if !deadline.pause().await {
                return Err(self.late("agreement in the cluster", deadline.limit()));
            }
        }
        Ok(())
    }

    /// The index of the server that leads the stream, which may take some seconds after a leader was killed.
    ///
    /// # Errors
    ///
    /// [`TestkitError::Late`] when no running server leads a stream of this name within a minute.
    pub async fn leader_of(&self, stream: &str) -> Result<usize, TestkitError> {
        let deadline = Deadline::after(AGREE_LIMIT);
        loop {
            // Only the leader itself is asked: the others go on naming a dead one for some seconds.
            for (index, server) in self.running() {
                if monitor::leads(server.monitor_port(), &server.name()).await.iter().any(|led| led == stream)
                {
                    return Ok(index);
                }
            }
            if !deadline.pause().await {
                return Err(self.late(&format!("a leader of the stream {stream}"), deadline.limit()));
            }
        }
    }

    pub(super) async fn try_start(settings: &ServerBuilder) -> Result<Self, TestkitError> {
        let routes = (0..SERVERS).map(|_| Port::reserve()).collect::<Result<Vec<_>, _>>()?;
        let route_ports: Vec<_> = routes.iter().map(Port::number).collect();
        let mut servers = Vec::with_capacity(SERVERS);
        for route in routes {
            let member = Member {
                cluster: format!("headwater-{}", route_ports[0]),
                route,
                routes: route_ports.clone(),
            };
            servers.push(Server::prepare(settings, Port::reserve()?, Some(member)).await?);
        }
        for server in &mut servers {
            server.spawn()?;
        }
        for server in &mut servers {
            server.wait_for_connections().await?;
        }
        let cluster = Self { servers };
        cluster.agreed().await?;
        Ok(cluster)
    }

    async fn agrees(&self) -> bool {
        let running: Vec<_> = self.running().map(|(_, server)| server).collect();
        for server in &running {
            if !monitor::is_healthy(server.monitor_port()).await {
                return false;
            }
        }
        // Every server must name the same running leader, and that leader must see the others keep up.
        let mut leader_sees_all = false;
        let mut leaders = Vec::new();
        for server in &running {
            let Some(group) = monitor::meta_group(server.monitor_port()).await else { return false };
            if group.leader == server.name() {
                let current = |other: &&&Server| {
                    group
                        .replicas
                        .iter()
                        .any(|replica| replica.name == other.name() && replica.current && !replica.offline)
                };
                leader_sees_all = group.cluster_size == SERVERS
                    && running.iter().filter(current).count() + 1 == running.len();
            }
            leaders.push(group.leader);
        }
        leader_sees_all && leaders.windows(2).all(|pair| pair[0] == pair[1])
    }

    fn running(&self) -> impl Iterator<Item = (usize, &Server)> {
        self.servers.iter().enumerate().filter(|(_, server)| server.is_awake())
    }

    fn server(&mut self, index: usize) -> Result<&mut Server, TestkitError> {
        self.servers.get_mut(index).ok_or(TestkitError::NotRunning)
    }

    fn late(&self, what: &str, waited: Duration) -> TestkitError {
        let logs: Vec<_> = self
            .servers
            .iter()
            .enumerate()
            .map(|(index, server)| format!("the log of server {index} ends:\n{}", server.log_tail()))
            .collect();
        TestkitError::Late { what: what.to_owned(), waited, log: logs.join("\n") }
    }
}
