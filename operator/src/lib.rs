//! The operator: what a live cluster should look like, decided from what is seen of it.

pub mod routing;
