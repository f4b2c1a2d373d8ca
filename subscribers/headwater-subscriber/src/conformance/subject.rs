use std::path::Path;
use std::sync::Arc;

use crate::{Store, StoreError, StoreKind};

/// A kind of store that is put to the test.
pub trait Subject {
    /// Opens the store in `directory`, and creates it if nothing is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] when something else is there, and [`StoreError::InUse`] when the store is
    /// open.
    fn open(&self, directory: &Path) -> Result<Arc<dyn Store>, StoreError>;
}

impl Subject for StoreKind {
    fn open(&self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        StoreKind::open(*self, directory)
    }
}
