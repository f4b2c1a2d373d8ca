use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use headwater_log::{EventLog as _, JetStreamLog, OpenError};

use super::bed::{Bed, group};

group![a_stream_is_created_as_a_system_of_record, a_stream_that_could_lose_events_is_refused];

async fn a_stream_is_created_as_a_system_of_record(bed: Bed) {
    let log = bed.log().await;
    let config = bed.stream().await.cached_info().config.clone();
    assert_eq!(config.name, bed.domain.stream());
    assert_eq!(config.subjects, [bed.domain.subjects()]);
    assert_eq!(config.num_replicas, bed.broker.config().replicas);
    assert_eq!((config.storage, config.discard), (StorageType::File, DiscardPolicy::New));
    assert!(config.deny_delete && config.deny_purge && config.allow_direct && config.allow_atomic_publish);
    assert!(config.max_age.is_zero());
    assert!(config.max_messages <= 0 && config.max_bytes <= 0 && config.max_messages_per_subject <= 0);
    assert_eq!(log.info(&bed.domain).await.unwrap().replicas, config.num_replicas);
}

async fn a_stream_that_could_lose_events_is_refused(bed: Bed) {
    let client = bed.client().await;
    let jetstream = async_nats::jetstream::new(client.clone());
    let log = JetStreamLog::new(client, bed.broker.config());
    let fit = Config {
        name: bed.domain.stream(),
        subjects: vec![bed.domain.subjects()],
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        allow_atomic_publish: true,
        ..Config::default()
    };
    let unfit = [
        (Config { storage: StorageType::Memory, ..fit.clone() }, "memory"),
        (Config { max_age: std::time::Duration::from_secs(3600), ..fit.clone() }, "age"),
        (Config { max_messages: 1000, discard: DiscardPolicy::Old, ..fit.clone() }, "discards"),
        (Config { max_messages: 1000, ..fit.clone() }, "full"),
        (Config { max_bytes: 1_000_000, ..fit.clone() }, "full"),
        (Config { deny_delete: false, ..fit.clone() }, "deleted"),
        (Config { allow_atomic_publish: false, ..fit.clone() }, "batches"),
        (Config { allow_direct: false, ..fit.clone() }, "direct"),
        (Config { no_ack: true, ..fit.clone() }, "acknowledges"),
        (Config { subjects: vec![format!("evt.{}.order.>", bed.domain)], ..fit.clone() }, "subjects"),
    ];
    for (config, words) in unfit {
        jetstream.create_stream(config).await.unwrap();
        match log.open(&bed.domain).await {
            Err(OpenError::Unfit { problem, .. }) => assert!(problem.contains(words), "{problem}"),
            other => panic!("{words}: {other:?}"),
        }
        jetstream.delete_stream(bed.domain.stream()).await.unwrap();
    }
    jetstream.create_stream(fit).await.unwrap();
    log.open(&bed.domain).await.unwrap();
}
