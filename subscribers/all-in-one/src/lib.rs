//! The whole reference system in one process.
