//! The whole loop.
fn main() {}
