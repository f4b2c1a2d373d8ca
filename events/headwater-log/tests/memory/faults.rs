//! An append fails as the test wants it to.

use headwater_log::{AppendError, AppendFault, Appended, EventLog as _};

use crate::bed::{append, ids, log, order};

#[tokio::test]
async fn an_append_whose_answer_is_lost_is_stored_and_sent_again_it_is_stored_once() {
    let log = log().await;
    log.fail_next_append(AppendFault::AnswerLost);
    let error = log.append(append(&order("7"), 0, "c1")).await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown { .. }), "{error:?}");
    assert_eq!(ids(&log), ["c1/0"]);
    let again = log.append(append(&order("7"), 0, "c1")).await.unwrap();
    assert_eq!(again, Appended { last: 1, duplicate: true });
    assert_eq!(ids(&log), ["c1/0"]);
}

#[tokio::test]
async fn whoever_loses_an_answer_does_not_know_of_the_conflict_that_it_was() {
    let log = log().await;
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    log.fail_next_append(AppendFault::AnswerLost);
    let error = log.append(append(&order("7"), 0, "c2")).await.unwrap_err();
    assert!(error.may_be_stored(), "{error:?}");
    assert_eq!(ids(&log), ["c1/0"]);
}

#[tokio::test]
async fn an_unavailable_log_stores_nothing_and_the_next_append_succeeds() {
    let log = log().await;
    log.fail_next_append(AppendFault::Unavailable);
    let error = log.append(append(&order("7"), 0, "c1")).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable { .. }), "{error:?}");
    assert_eq!(ids(&log), [""; 0]);
    assert_eq!(log.append(append(&order("7"), 0, "c1")).await.unwrap().last, 1);
}

#[tokio::test]
async fn an_append_that_is_overtaken_meets_a_conflict_with_what_was_stored() {
    let log = log().await;
    log.fail_next_append(append(&order("7"), 0, "rival"));
    let error = log.append(append(&order("7"), 0, "c1")).await.unwrap_err();
    assert!(matches!(error, AppendError::Conflict { expected: 0, actual: 1, .. }), "{error:?}");
    assert_eq!(log.append(append(&order("7"), 1, "c1")).await.unwrap().last, 2);
    assert_eq!(ids(&log), ["rival/0", "c1/0"]);
}

#[tokio::test]
async fn an_append_that_is_overtaken_elsewhere_is_stored_after_it() {
    let log = log().await;
    log.fail_next_append(append(&order("8"), 0, "rival"));
    assert_eq!(log.append(append(&order("7"), 0, "c1")).await.unwrap().last, 2);
}

#[tokio::test]
#[should_panic(expected = "the commit that is to overtake an append can't be stored")]
async fn a_rival_that_is_outdated_itself_is_a_mistake_of_the_test() {
    let log = log().await;
    log.fail_next_append(append(&order("7"), 5, "rival"));
    let _ = log.append(append(&order("7"), 0, "c1")).await;
}

#[tokio::test]
async fn faults_come_in_their_order_one_for_each_append() {
    let log = log().await;
    log.fail_next_append(AppendFault::Unavailable);
    log.fail_next_append(AppendFault::AnswerLost);
    assert!(!log.append(append(&order("7"), 0, "c1")).await.unwrap_err().may_be_stored());
    assert!(log.append(append(&order("7"), 0, "c1")).await.unwrap_err().may_be_stored());
    assert!(log.append(append(&order("7"), 0, "c1")).await.unwrap().duplicate);
}

#[tokio::test]
async fn an_append_that_is_wrong_by_itself_uses_up_no_fault() {
    let log = log().await;
    log.fail_next_append(AppendFault::Unavailable);
    let mut nothing = append(&order("7"), 0, "c1");
    nothing.events.clear();
    let error = log.append(nothing).await.unwrap_err();
    assert!(matches!(error, AppendError::Invalid { .. }), "{error:?}");
    assert!(log.append(append(&order("7"), 0, "c1")).await.unwrap_err().is_unavailable());
}
