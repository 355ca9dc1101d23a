//! Who dials: the name in the HELLO with which a link begins (PROTOCOL.md, 2.1 and 2.2). Nothing is checked here; that
//! is the origin's business.

use bytes::Buf;
use livecluster_mrtmp::id::Name;

/// The beginning of a connection is not that of a link.
#[derive(Debug, PartialEq, Eq)]
pub struct Strange;

/// The name of the dialler. `None`: it has not come yet.
pub fn name(bytes: &[u8]) -> Result<Option<Name>, Strange> {
    let prefix = bytes.get(..MAGIC.len()).unwrap_or(bytes);
    if !MAGIC.starts_with(prefix) || bytes.get(TYPE).is_some_and(|kind| *kind != HELLO) {
        return Err(Strange);
    }
    match bytes.get(CLUSTER..).and_then(name_behind_cluster) {
        Some(name) => String::from_utf8(name).map(|name| Some(name.as_str().into())).map_err(|_| Strange),
        None if bytes.len() < MAX_LEN => Ok(None),
        None => Err(Strange),
    }
}

fn name_behind_cluster(mut bytes: &[u8]) -> Option<Vec<u8>> {
    string(&mut bytes)?;
    string(&mut bytes).map(<[u8]>::to_vec)
}

fn string<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = bytes.try_get_u16().ok()?.into();
    let (string, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(string)
}

/// What each link begins with.
const MAGIC: &[u8] = b"MRTP";

/// Where the type of the first message is: behind the magic and the length.
const TYPE: usize = 8;

/// That type.
const HELLO: u8 = 0x01;

/// Where the cluster's uid is: behind two versions and the role. The name follows.
const CLUSTER: usize = 14;

/// By then the name is there: two strings of at most 253 bytes.
const MAX_LEN: usize = CLUSTER + 2 * (2 + 253);

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of PROTOCOL.md up to the boot id.
    const DIALLER: &[u8] = b"MRTP\0\0\0\x6c\x01\0\x01\0\x01\x01\0\x07cluster\0\x0bdemo-edge-0\0\0\0\0";

    #[test]
    fn dialler_is_known_as_soon_as_its_name_has_come() {
        let whole = DIALLER.len() - 4;

        for length in 0..whole {
            assert_eq!(name(&DIALLER[..length]), Ok(None), "{length}");
        }
        assert_eq!(name(&DIALLER[..whole]), Ok(Some("demo-edge-0".into())));
        assert_eq!(name(DIALLER), Ok(Some("demo-edge-0".into())));
    }

    #[test]
    fn what_is_no_link_is_refused() {
        for bytes in [&b"GET / HTTP/1.1"[..], b"MRTP\0\0\0\x02\x03\x06", &[&DIALLER[..14], &[0xff; 600]].concat()] {
            assert_eq!(name(bytes), Err(Strange), "{bytes:?}");
        }
    }
}
