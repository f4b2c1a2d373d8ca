use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use headwater_event::{EventSet, SchemaError, Schemas};

/// The schemas of a set's events. They follow from the type alone, so each is compiled once in a process, by whichever outbox
/// meets it first.
pub(crate) fn known_schemas<E: EventSet>() -> Result<Arc<Schemas>, SchemaError> {
    static KNOWN: LazyLock<Mutex<HashMap<TypeId, Arc<Schemas>>>> = LazyLock::new(Mutex::default);
    // A panic while the lock is held leaves a map that is as good as before.
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(schemas) = known().get(&TypeId::of::<E>()) {
        return Ok(Arc::clone(schemas));
    }
    // Others needn't wait meanwhile; two that compile the same make the same.
    let schemas = Arc::new(Schemas::of::<E>()?);
    known().insert(TypeId::of::<E>(), Arc::clone(&schemas));
    Ok(schemas)
}
