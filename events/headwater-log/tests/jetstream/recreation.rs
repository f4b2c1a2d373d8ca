use futures::StreamExt as _;
use headwater_log::{EventLog as _, ReadError};
use tokio::time::timeout;

use super::bed::{Bed, PATIENCE, append, group, next};

group![a_follower_of_a_stream_that_is_recreated_ends_with_an_error];

async fn a_follower_of_a_stream_that_is_recreated_ends_with_an_error(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    log.append(append(&aggregate, 0, &["placed", "paid"])).await.unwrap();
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    next(&mut follow).await.unwrap();
    let read = next(&mut follow).await.unwrap();

    async_nats::jetstream::new(bed.client().await).delete_stream(bed.domain.stream()).await.unwrap();
    log.open(&bed.domain).await.unwrap();
    log.append(append(&aggregate, 0, &["placed", "paid", "shipped"])).await.unwrap();

    let error = next(&mut follow).await.unwrap_err();
    assert!(matches!(&error, ReadError::Recreated { sequence: 2, .. }), "{error:?}");
    assert!(timeout(PATIENCE, follow.next()).await.unwrap().is_none());
    let error = log.follow(bed.all(), Some(follow.checkpoint(&read))).await.unwrap_err();
    assert!(matches!(error, ReadError::Recreated { .. }), "{error:?}");
}
