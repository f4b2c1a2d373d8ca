//! The service `headwater-edge`.

use headwater_log::service::Exit;

fn main() -> Exit {
    headwater_edge::main()
}
