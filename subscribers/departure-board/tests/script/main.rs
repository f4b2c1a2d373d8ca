//! The page's script, in Node, with a browser that the test plays.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

#[path = "../../../../schemas/headwater-schema/tests/asyncapi/limited.rs"]
mod limited;
#[path = "../../../../schemas/headwater-schema/tests/asyncapi/node.rs"]
#[allow(dead_code, reason = "no packages are needed here")]
mod node;

use std::path::Path;

use node::Node;

#[test]
fn the_page_follows_the_changes_again_after_the_browser_has_given_up() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Node::find().command();
    command.arg(here.join("tests/script/follows.mjs")).arg(here.join("assets/board.js"));
    limited::succeed(&mut command).unwrap();
}
