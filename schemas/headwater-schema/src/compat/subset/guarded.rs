//! References must go into a part of the document before they come back: then every proof can go by the document's
//! size, and no validator runs in circles.

use super::{
    load_error::LoadError,
    schema::{Id, Lit, Node, Store},
};

/// Refuses a schema in which a reference leads back to itself at the same place of a document.
pub(super) fn refuse_unguarded(store: &Store) -> Result<(), LoadError> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; store.len()];
    for start in store.ids() {
        let mut stack = vec![(start, false)];
        while let Some((id, leave)) = stack.pop() {
            let mark = &mut marks[store.index(id)];
            if leave {
                *mark = Mark::Done;
                continue;
            }
            match mark {
                Mark::Done => continue,
                Mark::Open => return Err(LoadError::SelfReference),
                Mark::New => *mark = Mark::Open,
            }
            stack.push((id, true));
            for next in same_place(store, id) {
                match marks[store.index(next.id)] {
                    Mark::Open => return Err(LoadError::SelfReference),
                    Mark::New => stack.push((next.id, false)),
                    Mark::Done => {}
                }
            }
        }
    }
    Ok(())
}

fn same_place(store: &Store, id: Id) -> Vec<Lit> {
    match store.node(id) {
        Node::All(parts) | Node::Any(parts) | Node::One(parts) => parts.clone(),
        Node::Ref(slot) => store.target(*slot).into_iter().collect(),
        Node::Atom(_) => Vec::new(),
    }
}
