use async_nats::ConnectOptions;
use headwater_log::testkit::{Cluster, Server};
use headwater_log::{AppendError, BulkLoadError, EventLog as _, JetStreamConfig, JetStreamLog};
use tokio::time::timeout;

use super::bed::{Bed, PATIENCE, eventually, group};
use super::loads::{
    assert_stored, history, history_of, is_stored, load, persistent, send_all, whole_stream_of,
};

group![
    a_load_whose_answers_are_lost_stores_each_event_once,
    a_load_whose_connection_is_cut_stores_each_event_once,
    a_load_whose_message_is_lost_stores_each_event_once,
    a_load_whose_end_is_lost_stores_each_event_once,
    a_load_survives_its_broker_s_death,
    a_load_that_finds_no_broker_says_what_is_known,
    a_load_into_a_stream_that_was_recreated_ends,
    a_load_into_a_stream_that_was_deleted_ends,
    a_denied_event_ends_the_load_at_that_event,
];

async fn a_load_whose_answers_are_lost_stores_each_event_once(bed: Bed) {
    // No event waits for an earlier one of its aggregate, so answers are all that the load can miss.
    let (direct, history) = (bed.log().await, history_of(&bed, 0..2_400, 2_400));
    let (client, proxy) = bed.client_behind_proxy().await;
    let log = JetStreamLog::new(client, persistent(&bed));
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    send_all(&mut load, &history[..600]).await.unwrap();
    proxy.drop_replies();
    let rest = async {
        send_all(&mut load, &history[600..]).await.unwrap();
        load.finish().await.unwrap()
    };
    let restore = async {
        // The server goes on with what it has been sent, and nobody hears of it.
        is_stored(&bed, &direct, 900).await;
        proxy.restore();
    };
    let (loaded, ()) = tokio::join!(rest, restore);
    assert_eq!((loaded.stored, loaded.last), (2_400, 2_400));
    assert_stored(&bed, &history).await;
}

async fn a_load_whose_connection_is_cut_stores_each_event_once(bed: Bed) {
    let (direct, history) = (bed.log().await, history(&bed, 0..3_000));
    let (client, proxy) = bed.client_behind_proxy().await;
    let log = JetStreamLog::new(client, persistent(&bed));
    let cuts = async {
        for count in [1, 700, 1_900] {
            is_stored(&bed, &direct, count).await;
            proxy.cut();
        }
    };
    // A load that ends before its time says why.
    let (loaded, ()) = tokio::try_join!(load(&log, &bed, &history), async {
        cuts.await;
        Ok(())
    })
    .unwrap();
    assert_eq!(loaded.stored, 3_000);
    assert_stored(&bed, &history).await;
}

/// A message that is cut in two never arrives, and what follows it does, over the next connection.
async fn a_load_whose_message_is_lost_stores_each_event_once(bed: Bed) {
    let history = history(&bed, 0..1_000);
    bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let log = JetStreamLog::new(client, persistent(&bed));
    proxy.cut_after(b"event-555-");
    assert_eq!(load(&log, &bed, &history).await.unwrap().stored, 1_000);
    assert_stored(&bed, &history).await;
}

/// The server has all events, and waits for more; it goes on to answer whoever asks whether it is there.
async fn a_load_whose_end_is_lost_stores_each_event_once(bed: Bed) {
    // No event waits for an earlier one of its aggregate, so the batch ends once.
    let history = history_of(&bed, 0..50, 50);
    bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let log = JetStreamLog::new(client, persistent(&bed));
    proxy.cut_after(b".fail.51.3.$FI");
    let loaded = timeout(PATIENCE, load(&log, &bed, &history)).await.expect("the load comes to no end");
    assert_eq!(loaded.unwrap().stored, 50);
    assert_stored(&bed, &history).await;
}

async fn a_load_survives_its_broker_s_death(bed: Bed) {
    let history = history(&bed, 0..6_000);
    if bed.broker.config().replicas == 1 {
        let mut server = Server::start().await.unwrap();
        let (log, loading) = begin(&bed, vec![server.url()], &history).await;
        for count in [500, 3_000] {
            is_stored(&bed, &log, count).await;
            server.kill().await.unwrap();
            server.restart().await.unwrap();
        }
        end(&bed, &log, loading, &history).await;
    } else {
        let mut cluster = Cluster::start().await.unwrap();
        let (log, loading) = begin(&bed, cluster.urls(), &history).await;
        for count in [500, 3_000] {
            is_stored(&bed, &log, count).await;
            let leader = cluster.leader_of(&bed.domain.stream()).await.unwrap();
            cluster.kill(leader).await.unwrap();
            cluster.restart(leader).await.unwrap();
        }
        end(&bed, &log, loading, &history).await;
    }
}

type Loading = tokio::task::JoinHandle<Result<headwater_log::BulkLoaded, BulkLoadError>>;

/// Begins to load, slowly enough for a broker to die meanwhile.
async fn begin(bed: &Bed, urls: Vec<String>, history: &[headwater_log::Append]) -> (JetStreamLog, Loading) {
    let config = persistent(bed);
    let client = || async { async_nats::connect(urls.clone()).await.unwrap() };
    let (log, looking) =
        (JetStreamLog::new(client().await, config.clone()), JetStreamLog::new(client().await, config));
    log.open(&bed.domain).await.unwrap();
    let (domain, history) = (bed.domain.clone(), history.to_vec());
    let loading = tokio::spawn(async move {
        let mut load = log.bulk_load(&domain).await?;
        for (number, append) in history.into_iter().enumerate() {
            load.send(append).await?;
            if number % 50 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
        load.finish().await
    });
    (looking, loading)
}

async fn end(bed: &Bed, log: &JetStreamLog, loading: Loading, history: &[headwater_log::Append]) {
    assert_eq!(loading.await.unwrap().unwrap().stored, history.len() as u64);
    let stored = whole_stream_of(bed, log).await;
    let sent = history.iter().map(|append| &append.events[0]);
    assert_eq!(stored.len(), history.len());
    assert!(stored.iter().map(|event| &event.envelope).eq(sent));
}

async fn a_load_that_finds_no_broker_says_what_is_known(bed: Bed) {
    let history = history(&bed, 0..1_500);
    let direct = bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let config = JetStreamConfig { deadline: std::time::Duration::from_secs(2), ..persistent(&bed) };
    let log = JetStreamLog::new(client, config);
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    send_all(&mut load, &history[..600]).await.unwrap();
    proxy.refuse();
    proxy.cut();
    let error = match send_all(&mut load, &history[600..]).await {
        Ok(()) => load.finish().await.unwrap_err(),
        Err(error) => error,
    };
    let BulkLoadError::Failed { event, stored, unknown, source } = &error else { panic!("{error:?}") };
    assert!(matches!(source, AppendError::Unknown { .. }), "{source:?}");
    assert_eq!(event, &format!("event-{stored}-"));
    let known = *stored..=stored + unknown;
    assert!(known.contains(&direct.info(&bed.domain).await.unwrap().last), "{error:?}");

    // And as it says, another one goes on.
    super::loads::load(&direct, &bed, &history).await.unwrap();
    assert_stored(&bed, &history).await;
}

async fn a_load_into_a_stream_that_was_recreated_ends(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..50));
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    send_all(&mut load, &history).await.unwrap();
    let jetstream = async_nats::jetstream::new(bed.client().await);
    jetstream.delete_stream(bed.domain.stream()).await.unwrap();
    log.open(&bed.domain).await.unwrap();
    let error = load.finish().await.unwrap_err();
    let BulkLoadError::Failed { source: AppendError::Unknown { source, .. }, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(source.to_string().contains("recreated"), "{source}");
    assert_stored(&bed, &[]).await;
}

async fn a_load_into_a_stream_that_was_deleted_ends(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..50));
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    send_all(&mut load, &history).await.unwrap();
    let jetstream = async_nats::jetstream::new(bed.client().await);
    jetstream.delete_stream(bed.domain.stream()).await.unwrap();
    let error = load.finish().await.unwrap_err();
    let BulkLoadError::Failed { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(source, AppendError::NoStream { .. }), "{source:?}");
    let again = log.bulk_load(&bed.domain).await;
    assert!(matches!(again, Err(BulkLoadError::Unavailable { .. })), "there is no stream to begin with");
}

/// The server drops what it denies, and says so to nobody who waits.
async fn a_denied_event_ends_the_load_at_that_event(bed: Bed) {
    let users = format!(
        "authorization {{ users: [{{ user: all, password: \"pw\" }}, {{ user: ana, password: \"pw\", permissions: {{ publish: \
         {{ deny: \"evt.{}.order.*.Nr%2E%2042\" }} }} }}] }}",
        bed.domain
    );
    let server = Server::builder().config(users).start().await.unwrap();
    let connect = |user: &str| {
        ConnectOptions::with_user_and_password(user.to_owned(), "pw".to_owned()).connect(server.url())
    };
    let config =
        JetStreamConfig { replicas: 1, deadline: std::time::Duration::from_secs(3), ..persistent(&bed) };
    let all = JetStreamLog::new(connect("all").await.unwrap(), config.clone());
    all.open(&bed.domain).await.unwrap();
    let history = history(&bed, 0..100);
    assert!(history[42].aggregate.filter().ends_with("Nr%2E%2042"), "{}", history[42].aggregate.filter());

    let ana = JetStreamLog::new(connect("ana").await.unwrap(), config);
    let error = load(&ana, &bed, &history).await.unwrap_err();
    let BulkLoadError::Failed { event, stored: 42, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(event, "event-42-");
    assert!(matches!(source, AppendError::Unknown { .. }), "{source:?}");
    let stored = whole_stream_of(&bed, &all).await;
    assert!(
        stored.iter().map(|event| &event.envelope).eq(history[..42].iter().map(|append| &append.events[0]))
    );
    eventually("the server lives", || async { all.info(&bed.domain).await.is_ok() }).await;
}
