//! Stub.
mod clock;
pub use clock::Clock;
