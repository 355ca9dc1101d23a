//! The route document, and where a stream belongs. Edges and origins read it, the operator's leader alone writes it.

pub mod applications;
pub mod document;
pub mod entry;
pub mod file;
pub mod key;
pub mod rendezvous;
pub mod table;

pub use applications::Applications;
pub use document::{Document, DocumentError, Origin, State};
pub use entry::Entry;
pub use file::{File, FileError};
pub use key::{Key, KeyError};
pub use table::{NotAccepted, Table};
