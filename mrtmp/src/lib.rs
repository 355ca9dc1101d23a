//! mrtmp
