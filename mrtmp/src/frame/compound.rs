//! Fields made of fields: options, rows and lists.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::sync::Arc;

use super::Error;
use super::wire::{Input, Wire, too_long};

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.is_some().put(out)?;
        self.as_ref().map_or(Ok(()), |value| value.put(out))
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        bool::take(input)?.then(|| T::take(input)).transpose()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.0.put(out)?;
        self.1.put(out)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        Ok((A::take(input)?, B::take(input)?))
    }
}

impl<A: Wire, B: Wire, C: Wire> Wire for (A, B, C) {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.0.put(out)?;
        self.1.put(out)?;
        self.2.put(out)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        Ok((A::take(input)?, B::take(input)?, C::take(input)?))
    }
}

/// A list behind its u16 count.
impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let count = u16::try_from(self.len()).map_err(|_| too_long("a list", self.len(), u16::MAX.into()))?;
        count.put(out)?;
        self.iter().try_for_each(|entry| entry.put(out))
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let count = u16::take(input)?;
        input.list(count.into())
    }
}

impl<T: Wire> Wire for Arc<T> {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        T::put(self, out)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        T::take(input).map(Self::new)
    }
}
