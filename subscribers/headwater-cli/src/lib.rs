//! The `headwater` command, for operators.
