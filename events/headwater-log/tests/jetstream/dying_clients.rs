use std::time::Duration;

use headwater_log::{AppendError, EventLog as _, JetStreamConfig, JetStreamLog};

use super::bed::{Bed, append, eventually, group, ids, stored};

group![
    a_client_that_dies_within_a_batch_leaves_nothing_of_it,
    a_client_that_comes_back_within_a_batch_stores_it_once,
    an_append_whose_caller_is_gone_is_stored_once_when_its_answer_is_lost,
];

async fn a_client_that_dies_within_a_batch_leaves_nothing_of_it(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (client, proxy) = bed.client_behind_proxy().await;
    let config = JetStreamConfig { deadline: Duration::from_secs(1), ..bed.impatient() };
    let log = JetStreamLog::new(client, config);

    proxy.refuse();
    proxy.cut_after(b"Nats-Batch-Commit");
    let batch = append(&aggregate, 0, &["placed", "paid", "shipped"]);
    assert!(matches!(log.append(batch).await, Err(AppendError::Unknown { .. })));
    drop(log);

    assert_eq!(direct.info(&bed.domain).await.unwrap().last, 0);
    assert_eq!(direct.load(&aggregate, 0).await.unwrap(), []);
    // The half batch doesn't hold the aggregate.
    assert_eq!(direct.append(append(&aggregate, 0, &["placed"])).await.unwrap(), stored(1));
    assert_eq!(direct.append(append(&aggregate, 1, &["paid", "shipped"])).await.unwrap(), stored(3));
}

async fn a_client_that_comes_back_within_a_batch_stores_it_once(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    proxy.cut_after(b"Nats-Batch-Commit");
    let batch = append(&aggregate, 0, &["placed", "paid", "shipped"]);
    assert_eq!(log.append(batch.clone()).await.unwrap().last, 3);
    let sent: Vec<_> = batch.events.iter().map(|event| event.id().to_owned()).collect();
    assert_eq!(ids(&direct.load(&aggregate, 3).await.unwrap()), sent);
}

async fn an_append_whose_caller_is_gone_is_stored_once_when_its_answer_is_lost(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    proxy.cut_after(b"Nats-Msg-Id");
    drop(log.begin_append(append(&aggregate, 0, &["placed"])).await.unwrap());
    eventually("the event is stored", || async { direct.info(&bed.domain).await.unwrap().last == 1 }).await;
    assert_eq!(direct.append(append(&aggregate, 1, &["paid"])).await.unwrap(), stored(2));
}
