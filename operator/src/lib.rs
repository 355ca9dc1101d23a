//! The operator: what a live cluster should look like, decided from what is seen of it.

pub mod controller;
pub mod desire;
pub mod keeper;
pub mod lease;
pub mod process;
pub mod resource;
pub mod routing;
pub mod store;
pub mod watch;
pub mod yaml;
