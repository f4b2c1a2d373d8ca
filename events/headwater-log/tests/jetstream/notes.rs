//! Notes beside the events: lost, cut off, removed, denied; and what is promised all the same.

use std::error::Error as _;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use bytes::Bytes;
use headwater_event::Aggregate;
use headwater_log::service::Connection;
use headwater_log::testkit::{Cluster, Proxy, Server};
use headwater_log::{Denial, EventLog as _, JetStreamConfig, JetStreamLog, Note, NoteError, ReadError};

use super::bed::{Bed, eventually, group};

group![
    the_stream_of_notes_is_made_by_the_first_that_is_kept,
    a_stream_that_would_lose_notes_is_refused,
    notes_are_kept_when_their_answers_are_lost,
    notes_are_kept_when_the_connection_is_cut_in_the_middle,
    the_last_note_is_not_kept_without_one_before_it,
    the_last_note_is_not_kept_when_it_was_cut_off,
    many_notes_are_kept_in_atomic_batches,
    many_notes_are_kept_in_a_stream_that_takes_no_batches,
    many_notes_are_kept_when_their_answers_are_lost,
    many_notes_that_were_cut_off_are_not_kept_at_all,
    notes_that_were_removed_are_none_and_can_be_kept_anew,
    a_stream_that_no_longer_takes_batches_is_looked_at_again,
    notes_survive_a_killed_server,
    a_denied_note_says_which_subject_is_denied,
    a_stream_that_may_not_be_made_is_denied_by_its_name,
    a_note_that_may_not_be_read_is_told_at_once,
    answers_that_may_not_be_read_leave_notes_unknown,
];

async fn the_stream_of_notes_is_made_by_the_first_that_is_kept(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let jetstream = async_nats::jetstream::new(bed.client().await);
    assert_eq!(log.note(&aggregate, "state").await.unwrap(), None);
    jetstream.get_stream(bed.domain.notes_stream()).await.unwrap_err();

    keep(&log, &aggregate, &["state"]).await.unwrap();
    let stream = jetstream.get_stream(bed.domain.notes_stream()).await.unwrap();
    let config = &stream.cached_info().config;
    assert_eq!(config.subjects, [format!("note.{}.>", bed.domain)]);
    assert_eq!(config.num_replicas, bed.broker.config().replicas);
    assert_eq!((config.storage, config.discard), (StorageType::File, DiscardPolicy::Old));
    assert_eq!(config.max_messages_per_subject, 1);
    assert!(config.allow_direct && config.allow_atomic_publish && !config.deny_delete && !config.deny_purge);
    for _ in 0..3 {
        keep(&log, &aggregate, &["state"]).await.unwrap();
    }
    assert_eq!(stream.get_info().await.unwrap().state.messages, 1);
}

async fn a_stream_that_would_lose_notes_is_refused(bed: Bed) {
    let jetstream = async_nats::jetstream::new(bed.client().await);
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let fit = fit(&bed);
    let unfit = [
        (Config { storage: StorageType::Memory, ..fit.clone() }, "memory"),
        (Config { max_age: Duration::from_secs(3600), ..fit.clone() }, "age"),
        (Config { max_messages: 1000, ..fit.clone() }, "full"),
        (Config { no_ack: true, ..fit.clone() }, "acknowledges"),
        (Config { allow_direct: false, ..fit.clone() }, "direct"),
        (Config { subjects: vec![format!("note.{}.order.>", bed.domain)], ..fit.clone() }, "subjects"),
    ];
    for (config, words) in unfit {
        jetstream.create_stream(config).await.unwrap();
        match keep(&log, &aggregate, &["state"]).await {
            Err(NoteError::Unfit { problem, .. }) => assert!(problem.contains(words), "{problem}"),
            other => panic!("{words}: {other:?}"),
        }
        jetstream.delete_stream(bed.domain.notes_stream()).await.unwrap();
    }
    // Fuller than it must be, and that is no harm.
    jetstream.create_stream(Config { max_messages_per_subject: 5, ..fit }).await.unwrap();
    keep(&log, &aggregate, &["state"]).await.unwrap();
}

async fn notes_are_kept_when_their_answers_are_lost(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    keep(&log, &aggregate, &["before"]).await.unwrap();
    proxy.drop_replies();
    let keeping = {
        let aggregate = aggregate.clone();
        tokio::spawn(async move { keep(&log, &aggregate, &["part-1", "part-2", "state"]).await })
    };
    noted(&direct, &aggregate, "part-1").await;
    noted(&direct, &aggregate, "part-2").await;
    // Nobody knows that they are kept.
    assert_eq!(direct.note(&aggregate, "state").await.unwrap(), None);
    proxy.restore();
    keeping.await.unwrap().unwrap();
    noted(&direct, &aggregate, "state").await;
}

async fn notes_are_kept_when_the_connection_is_cut_in_the_middle(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    for cut in [".part-3", ".state"] {
        proxy.cut_after(cut.as_bytes());
        let notes: Vec<_> = NAMES.map(|name| Note::new(name, format!("{name}{cut}"))).to_vec();
        log.keep_notes(&aggregate, notes.clone()).await.unwrap();
        for Note { name, content } in notes {
            noted_as(&direct, &aggregate, &name, content).await;
        }
    }
}

async fn the_last_note_is_not_kept_without_one_before_it(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = cut_off_at(&bed, &aggregate, ".part-3").await;
    let error = keep(&log, &aggregate, &NAMES).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    proxy.accept();
    // What waited in the client is sent before this.
    eventually("the connection is back", || async { log.note(&aggregate, "before").await.is_ok() }).await;
    assert_eq!(direct.note(&aggregate, "state").await.unwrap(), None);
    keep(&log, &aggregate, &NAMES).await.unwrap();
    for name in NAMES {
        noted(&direct, &aggregate, name).await;
    }
}

async fn the_last_note_is_not_kept_when_it_was_cut_off(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, _proxy) = cut_off_at(&bed, &aggregate, ".state").await;
    let error = keep(&log, &aggregate, &NAMES).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    for name in &NAMES[..NAMES.len() - 1] {
        noted(&direct, &aggregate, name).await;
    }
    assert_eq!(direct.note(&aggregate, "state").await.unwrap(), None);
}

async fn many_notes_are_kept_in_atomic_batches(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let names = many(2500);
    keep(&log, &aggregate, &names).await.unwrap();
    for name in names.iter().step_by(99).chain(names.last()) {
        noted(&log, &aggregate, name).await;
    }
    let stream = notes_stream(&bed).await;
    assert_eq!(stream.cached_info().state.messages, 2500);
    let batch = async |sequence: u64| {
        let message = stream.get_raw_message(sequence).await.unwrap();
        let header = |name: &str| message.headers.get(name).map(ToString::to_string);
        (header("Nats-Batch-Id").unwrap(), header("Nats-Batch-Sequence").unwrap().parse::<u64>().unwrap())
    };
    let ((first, second, third), (_, last)) =
        ((batch(1).await, batch(1001).await, batch(2001).await), batch(2500).await);
    assert_eq!((first.1, second.1, third.1, last), (1, 1, 1, 500));
    assert!(first.0 != second.0 && second.0 != third.0);

    // Each takes the place of what had its name in a batch as well.
    keep(&log, &aggregate, &names).await.unwrap();
    eventually("one message is left of each", || async {
        stream.get_info().await.unwrap().state.messages == 2500
    })
    .await;
}

/// As they were made before the log sent batches.
async fn many_notes_are_kept_in_a_stream_that_takes_no_batches(bed: Bed) {
    let jetstream = async_nats::jetstream::new(bed.client().await);
    jetstream.create_stream(fit(&bed)).await.unwrap();
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let names = many(100);
    keep(&log, &aggregate, &names).await.unwrap();
    for name in &names {
        noted(&log, &aggregate, name).await;
    }
    let last = notes_stream(&bed).await.get_raw_message(100).await.unwrap();
    assert_eq!(last.subject.as_str(), aggregate.note_subject(names[99]));
}

async fn many_notes_are_kept_when_their_answers_are_lost(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    keep(&log, &aggregate, &["before"]).await.unwrap();
    let names = many(1200);
    proxy.drop_replies();
    let keeping = {
        let (aggregate, names) = (aggregate.clone(), names.clone());
        tokio::spawn(async move { keep(&log, &aggregate, &names).await })
    };
    noted(&direct, &aggregate, names[999]).await;
    // Nobody knows that they are kept.
    assert_eq!(direct.note(&aggregate, names[1199]).await.unwrap(), None);
    proxy.restore();
    keeping.await.unwrap().unwrap();
    noted(&direct, &aggregate, names[1199]).await;
}

async fn many_notes_that_were_cut_off_are_not_kept_at_all(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let names = many(100);
    for cut in [&names[0], &names[50], &names[99]] {
        let (log, _proxy) = cut_off_at(&bed, &aggregate, &format!(".{cut}")).await;
        let error = keep(&log, &aggregate, &names).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        for name in &names {
            assert_eq!(direct.note(&aggregate, name).await.unwrap(), None, "{cut} {name}");
        }
    }
}

async fn a_stream_that_no_longer_takes_batches_is_looked_at_again(bed: Bed) {
    let jetstream = async_nats::jetstream::new(bed.client().await);
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    keep(&log, &aggregate, &["before"]).await.unwrap();
    jetstream.delete_stream(bed.domain.notes_stream()).await.unwrap();
    jetstream.create_stream(fit(&bed)).await.unwrap();
    let names = many(100);
    // Whoever can't keep notes tries again later.
    keep(&log, &aggregate, &names).await.unwrap_err();
    keep(&log, &aggregate, &names).await.unwrap();
    noted(&log, &aggregate, names[99]).await;
}

async fn notes_that_were_removed_are_none_and_can_be_kept_anew(bed: Bed) {
    let jetstream = async_nats::jetstream::new(bed.client().await);
    let (log, reader, aggregate) = (bed.log().await, bed.log().await, bed.aggregate("7"));
    for _ in 0..3 {
        keep(&log, &aggregate, &NAMES).await.unwrap();
        noted(&reader, &aggregate, "state").await;
        jetstream.delete_stream(bed.domain.notes_stream()).await.unwrap();
        eventually("nothing is noted any more", || async {
            reader.note(&aggregate, "state").await.unwrap().is_none()
        })
        .await;
    }
    keep(&log, &aggregate, &NAMES).await.unwrap();
    jetstream.get_stream(bed.domain.notes_stream()).await.unwrap().purge().await.unwrap();
    eventually("nothing is noted any more", || async {
        reader.note(&aggregate, "state").await.unwrap().is_none()
    })
    .await;
    keep(&reader, &aggregate, &NAMES).await.unwrap();
    for name in NAMES {
        noted(&log, &aggregate, name).await;
    }
}

/// The server, or the leader of the notes, is killed; in a cluster, the others go on.
async fn notes_survive_a_killed_server(bed: Bed) {
    let aggregate = bed.aggregate("7");
    let config = JetStreamConfig {
        answer_timeout: Duration::from_secs(1),
        deadline: Duration::from_secs(20),
        ..bed.broker.config()
    };
    let connect =
        async |urls: Vec<String>| JetStreamLog::new(async_nats::connect(urls).await.unwrap(), config.clone());
    if config.replicas == 1 {
        let mut server = Server::start().await.unwrap();
        let log = connect(vec![server.url()]).await;
        keep(&log, &aggregate, &NAMES).await.unwrap();
        server.kill().await.unwrap();
        server.restart().await.unwrap();
        for name in NAMES {
            noted(&log, &aggregate, name).await;
        }
        keep(&log, &aggregate, &["later"]).await.unwrap();
        noted(&log, &aggregate, "later").await;
    } else {
        let mut cluster = Cluster::start().await.unwrap();
        let log = connect(cluster.urls()).await;
        keep(&log, &aggregate, &NAMES).await.unwrap();
        let leader = cluster.leader_of(&bed.domain.notes_stream()).await.unwrap();
        cluster.kill(leader).await.unwrap();
        keep(&log, &aggregate, &["later"]).await.unwrap();
        for name in NAMES.into_iter().chain(["later"]) {
            noted(&log, &aggregate, name).await;
        }
    }
}

async fn a_denied_note_says_which_subject_is_denied(bed: Bed) {
    let (_server, log) = strict(&bed, "note.*.order.7.part-2", "_INBOX.>").await;
    let aggregate = bed.aggregate("7");
    let error = keep(&log, &aggregate, &["part-1", "part-2", "state"]).await.unwrap_err();
    let subject = aggregate.note_subject("part-2");
    assert!(error.to_string().contains(&subject), "{error}");
    assert_eq!(denied(error), subject);
    assert_eq!(log.note(&aggregate, "state").await.unwrap(), None);
    keep(&log, &aggregate, &["part-1", "state"]).await.unwrap();
    noted(&log, &aggregate, "state").await;
}

async fn a_stream_that_may_not_be_made_is_denied_by_its_name(bed: Bed) {
    for operation in ["INFO", "CREATE"] {
        let subject = format!("$JS.API.STREAM.{operation}.{}", bed.domain.notes_stream());
        let (_server, log) = strict(&bed, &subject, "_INBOX.>").await;
        assert_eq!(denied(keep(&log, &bed.aggregate("7"), &["state"]).await.unwrap_err()), subject);
    }
}

async fn a_note_that_may_not_be_read_is_told_at_once(bed: Bed) {
    let stream = bed.domain.notes_stream();
    for (operation, together) in [("STREAM.MSG.GET", false), ("DIRECT.GET", true)] {
        let subject = format!("$JS.API.{operation}.{stream}");
        let (_server, log) = strict(&bed, &subject, "_INBOX.>").await;
        let error = if together {
            log.notes(&bed.aggregate("7"), &["state"]).await.unwrap_err()
        } else {
            log.note(&bed.aggregate("7"), "state").await.unwrap_err()
        };
        assert!(matches!(error, ReadError::Unavailable { .. }), "{error:?}");
        let denial = error.source().and_then(|source| source.downcast_ref::<Denial>()).unwrap();
        assert_eq!(denial.subject, subject);
    }
}

async fn answers_that_may_not_be_read_leave_notes_unknown(bed: Bed) {
    let (_server, log) = strict(&bed, "nothing", "nothing").await;
    let error = keep(&log, &bed.aggregate("7"), &["state"]).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert!(error.source().unwrap().is::<Denial>(), "{error:?}");
}

const NAMES: [&str; 7] = ["part-1", "part-2", "part-3", "part-4", "part-5", "part-6", "state"];

/// So many names, of which one is no other's beginning.
fn many(count: usize) -> Vec<&'static str> {
    (1000..1000 + count).map(|number| &*format!("part-{number}").leak()).collect()
}

async fn notes_stream(bed: &Bed) -> Stream {
    async_nats::jetstream::new(bed.client().await).get_stream(bed.domain.notes_stream()).await.unwrap()
}

/// The config that the log gives to a stream of notes, as far as it matters here.
fn fit(bed: &Bed) -> Config {
    Config {
        name: bed.domain.notes_stream(),
        subjects: vec![bed.domain.note_subjects()],
        max_messages_per_subject: 1,
        allow_direct: true,
        num_replicas: bed.broker.config().replicas,
        ..Config::default()
    }
}

/// A log whose connection breaks when it sends this, and then doesn't come back.
async fn cut_off_at(bed: &Bed, aggregate: &Aggregate, pattern: &str) -> (JetStreamLog, Proxy) {
    let (client, proxy) = bed.client_behind_proxy().await;
    let config = JetStreamConfig { deadline: Duration::from_secs(2), ..bed.impatient() };
    let log = JetStreamLog::new(client, config);
    keep(&log, aggregate, &["before"]).await.unwrap();
    proxy.refuse();
    proxy.cut_after(pattern.as_bytes());
    (log, proxy)
}

/// A server of the case's own, which lets its user not publish there.
async fn strict(bed: &Bed, deny: &str, subscribe: &str) -> (Server, JetStreamLog) {
    let config = format!(
        "authorization {{ users: [\n\
         {{ user: ana, password: pw, permissions: {{ \
         publish: {{ allow: [\"$JS.API.>\", \"note.>\"], deny: [{deny:?}] }}, \
         subscribe: {subscribe:?} }} }}\n] }}"
    );
    let server = Server::builder().config(config).start().await.unwrap();
    let url = format!("nats://ana:pw@127.0.0.1:{}", server.port());
    let (client, denials) = Connection::to(&url).unwrap().connect_watched("tests").await.unwrap();
    let config = JetStreamConfig { replicas: 1, ..bed.impatient() };
    (server, JetStreamLog::watched(client, denials, config))
}

/// What is denied.
#[track_caller]
fn denied(error: NoteError) -> String {
    match error {
        NoteError::Denied { subject, .. } => subject,
        other => panic!("not denied: {other:?}"),
    }
}

/// Keeps notes that say how they are called.
async fn keep(log: &JetStreamLog, aggregate: &Aggregate, names: &[&str]) -> Result<(), NoteError> {
    let notes = names.iter().map(|&name| Note::new(name, name.to_owned())).collect();
    log.keep_notes(aggregate, notes).await
}

async fn noted(log: &JetStreamLog, aggregate: &Aggregate, name: &str) {
    noted_as(log, aggregate, name, name.to_owned().into()).await;
}

/// Waits until this is what is noted: a server that lags answers with what was noted before.
async fn noted_as(log: &JetStreamLog, aggregate: &Aggregate, name: &str, content: Bytes) {
    eventually(&format!("{name} is noted"), || async {
        log.note(aggregate, name).await.unwrap().as_ref() == Some(&content)
    })
    .await;
}
