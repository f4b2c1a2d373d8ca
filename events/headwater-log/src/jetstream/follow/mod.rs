//! Following a stream with a pull consumer that keeps no acknowledgements: the reader's own checkpoint is
//! where it goes on.

mod follower;
mod origin;
mod session;
mod window;

pub(super) use follower::follow;
