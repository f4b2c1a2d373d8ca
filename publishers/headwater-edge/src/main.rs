//! The service `headwater-edge`.

use headwater_log::service::Exit;
use mimalloc::MiMalloc;

/// An event is made of many small pieces, and most systems' own allocators take longer for them than all the rest does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Exit {
    headwater_edge::main()
}
