use futures::future::join_all;
use headwater_log::{EventLog as _, JetStreamLog};

use super::bed::{Bed, append, group};

group![every_server_answers_with_what_was_acknowledged];

/// Direct gets are answered by the nearest server, and one that follows the leader is behind it for a moment.
async fn every_server_answers_with_what_was_acknowledged(bed: Bed) {
    let log = bed.log().await;
    let mut readers = Vec::new();
    for url in bed.broker.urls().await {
        let client = async_nats::connect(url).await.unwrap();
        readers.push(JetStreamLog::new(client, bed.broker.config()));
    }
    for round in 0..40 {
        let aggregate = bed.aggregate(&round.to_string());
        let last = log.append(append(&aggregate, 0, &["paid"; 100])).await.unwrap().last;
        let read = join_all(readers.iter().map(|reader| reader.read(&bed.domain, last, 10))).await;
        assert!(read.into_iter().all(|events| events.unwrap()[0].sequence == last));
        let loaded = join_all(readers.iter().map(|reader| reader.load(&aggregate, last))).await;
        assert!(loaded.into_iter().all(|events| events.unwrap().len() == 100));
    }
}
