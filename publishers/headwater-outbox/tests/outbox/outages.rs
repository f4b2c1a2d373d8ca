//! One of several is away: a stream of two, a host of two.

use headwater_event::CommandContext;
use headwater_log::testkit::Server;
use headwater_outbox::{Enqueued, Relay};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_postgres::Config;

use crate::bank::{Ordered, shop};
use crate::bed::{Bed, Running, eventually, jetstream};
use crate::cases::group;

group![
    a_stream_that_cannot_be_opened_holds_up_no_other,
    a_database_is_reached_at_its_second_host_when_the_first_is_away,
];

async fn a_stream_that_cannot_be_opened_holds_up_no_other() {
    let users = "authorization { users: [ { user: all, password: pw }, { user: bank, password: pw, permissions: { \
                 publish: { deny: [\"$JS.API.STREAM.*.EVT_shop\"] } } } ] }\nno_auth_user: all";
    let bed = Bed::with(Server::builder().config(users).start().await.unwrap()).await;
    let mut client = bed.client().await;
    // More than a relay takes in hand.
    let transaction = client.transaction().await.unwrap();
    let orders: Vec<_> = (0..700).map(|number| Ordered { order: number.to_string() }).collect();
    let context = CommandContext::new("orders");
    let enqueued = bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &orders).await;
    assert_eq!(enqueued.unwrap(), Enqueued::New);
    transaction.commit().await.unwrap();

    let url = format!("nats://bank:pw@127.0.0.1:{}", bed.broker.port());
    let relay = bed.relay_to(jetstream(&url).await);
    bed.book("c1", &["a", "b"]).await;
    bed.reaches(2).await;
    bed.book("c2", &["a"]).await;
    bed.reaches(3).await;
    let waiting = async || bed.outbox.pending(&bed.client().await).await.unwrap().appends;
    eventually("what is relayed is deleted", async || waiting().await == 700).await;
    assert_eq!(relay.stop().await.unwrap().appends, 3);

    assert_eq!(bed.drain().await.appends, 700);
    assert_eq!(bed.log.info(&shop()).await.unwrap().last, 700);
    assert_eq!(bed.ids().await.len(), 3);
}

async fn a_database_is_reached_at_its_second_host_when_the_first_is_away() {
    let bed = Bed::new().await;
    let away = Away::start().await;
    let mut config = Config::new();
    config.host("127.0.0.1").port(away.port()).host("127.0.0.1").port(bed.postgres.port());
    config.user("postgres").dbname("postgres");
    let relay = Running::start(Relay::new(config, bed.log.clone()));
    bed.book("c1", &["a"]).await;
    bed.drained().await;
    relay.stop().await.unwrap();
    bed.audit().await;
}

/// A port behind which nobody answers, like that of a machine that is gone: no connection comes about, and none is refused.
struct Away {
    listener: TcpListener,
    _connections: Vec<TcpStream>,
}

impl Away {
    async fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts, and the system keeps only a few for who might.
        let (mut connections, moment) = (Vec::new(), std::time::Duration::from_millis(300));
        while let Ok(connected) = timeout(moment, TcpStream::connect(address)).await {
            connections.push(connected.unwrap());
        }
        Self { listener, _connections: connections }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }
}
