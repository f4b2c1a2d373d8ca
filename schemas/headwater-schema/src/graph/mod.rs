//! Whether the contracts of a system fit together, and the graph that they make.

mod check;
mod checks;
mod drawn;
mod fit;
mod index;
mod network;
mod system;
mod wording;

pub use check::{check, codes};
pub use checks::misnamed;
pub use network::{Edge, EdgeKind, EventNode, Graph, ServiceNode};
pub use system::{Bundle, System};
