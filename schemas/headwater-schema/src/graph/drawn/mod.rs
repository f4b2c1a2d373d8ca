//! The graph, drawn.

mod dot;
mod json;
mod mermaid;
mod text;
