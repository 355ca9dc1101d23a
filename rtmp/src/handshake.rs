//! The handshake (RTMP 1.0, section 5.2), of a server and of a client, plain or with a digest.
//! The cryptography is `rml_rtmp`'s; this module guards it against what it does not expect.

use rml_rtmp::handshake::{Handshake as Inner, HandshakeError, HandshakeProcessResult, PeerType};

/// One side of a handshake. It ends by itself; what bounds its time is the caller's deadline.
pub struct Handshake {
    inner: Box<Inner>,
    /// Bytes of the peer read so far, of [`PEER_LEN`].
    read: usize,
}

impl Handshake {
    /// The side that was connected to. It speaks when the client has.
    pub fn server() -> Self {
        Self::new(PeerType::Server)
    }

    /// The side that connects. It speaks first: see [`Self::start`].
    pub fn client() -> Self {
        Self::new(PeerType::Client)
    }

    fn new(side: PeerType) -> Self {
        Self { inner: Box::new(Inner::new(side)), read: 0 }
    }

    /// Appends C0 and C1, 1537 bytes, to `output`. For a client, once, before any [`Self::read`].
    pub fn start(&mut self, output: &mut Vec<u8>) {
        // The error is declared and never made; were it, the first `read` would meet it again and report it.
        if let Ok(hello) = self.inner.generate_outbound_p0_and_p1() {
            output.extend_from_slice(&hello);
        }
    }

    /// Takes the peer's bytes and appends the answer to `output`. True when the handshake is done.
    ///
    /// It consumes at most what belongs to the handshake: what is left in `input` then is the first chunk.
    /// An error says that the peer does not speak plain RTMP. `output` may hold bytes even then; it is not to be sent.
    pub fn read(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<bool, Error> {
        if self.read == 0 {
            check_version(input)?;
        }
        let missing = PEER_LEN.saturating_sub(self.read);
        let (ours, rest) = input.split_at_checked(missing).unwrap_or((input, &[]));
        *input = rest;
        if !ours.is_empty() {
            self.read = self.read.saturating_add(ours.len());
            output.extend_from_slice(&self.feed(ours)?);
        }
        Ok(self.read == PEER_LEN)
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        match self.inner.process_bytes(bytes)? {
            HandshakeProcessResult::InProgress { response_bytes }
            | HandshakeProcessResult::Completed { response_bytes, .. } => Ok(response_bytes),
        }
    }
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Handshake").field("read", &self.read).finish_non_exhaustive()
    }
}

/// Why a connection is not RTMP.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// RTMPE, a dead scheme of obfuscation. RTMPS is what protects.
    #[error("encrypted handshake of version {0} is not supported, use rtmps")]
    Encrypted(u8),
    /// A TLS record: the client wants RTMPS on a plain port.
    #[error("tls on a plain rtmp port")]
    Tls,
    /// A request line of HTTP: a browser, a probe, or RTMPT on the wrong port.
    #[error("http on an rtmp port")]
    Http,
    /// Neither of these.
    #[error("handshake version {0} instead of {VERSION}")]
    Version(u8),
    /// The bytes were no handshake.
    #[error("handshake failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Looks at the first byte, if it is there: C0 or S0 (5.2.2).
fn check_version(input: &[u8]) -> Result<(), Error> {
    match input.first() {
        None | Some(&VERSION) => Ok(()),
        Some(&version @ (0x06 | 0x08 | 0x09)) => Err(Error::Encrypted(version)),
        Some(&TLS_HANDSHAKE) => Err(Error::Tls),
        Some(b'A'..=b'Z') => Err(Error::Http),
        Some(&version) => Err(Error::Version(version)),
    }
}

/// The version of C0 and S0 (5.2.2).
const VERSION: u8 = 3;
/// The content type that opens a TLS ClientHello.
const TLS_HANDSHAKE: u8 = 0x16;
/// The length of each of C1, S1, C2 and S2 (5.2.3, 5.2.4).
const PACKET_LEN: usize = 1536;
/// What each side sends: the version and two packets.
const PEER_LEN: usize = 1 + 2 * PACKET_LEN;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digest_client_and_server_finish_whatever_the_split() {
        for step in [1, 2, 700, 1536, 1537, 3072, 3073, 5000] {
            let (mut client, mut server) = (Handshake::client(), Handshake::server());
            let (mut to_server, mut to_client) = (Vec::new(), Vec::new());

            client.start(&mut to_server);
            assert_eq!(to_server.len(), 1 + PACKET_LEN);
            assert!(!feed(&mut server, &to_server, step, &mut to_client).0);
            to_server.clear();
            assert!(feed(&mut client, &to_client, step, &mut to_server).0);
            assert_eq!(to_server.len(), PACKET_LEN);

            assert!(feed(&mut server, &to_server, step, &mut Vec::new()).0, "step {step}");
        }
    }

    #[test]
    fn simple_client_gets_its_own_packet_back() {
        let mut hello = vec![VERSION];
        hello.extend((0..PACKET_LEN).map(|index| if index < 8 { 0 } else { index as u8 }));
        let mut answer = Vec::new();

        let mut server = Handshake::server();
        assert!(!server.read(&mut &hello[..], &mut answer).unwrap());

        assert_eq!(answer.len(), PEER_LEN);
        assert_eq!(answer[1 + PACKET_LEN..], hello[1..]);
        let echo = answer[1..=PACKET_LEN].to_vec();
        assert!(server.read(&mut &echo[..], &mut answer).unwrap());
    }

    #[test]
    fn chunk_behind_the_handshake_stays_in_the_input() {
        let mut bytes = vec![0; PEER_LEN];
        bytes[0] = VERSION;
        bytes.extend_from_slice(b"chunk");
        let (mut server, mut input) = (Handshake::server(), &bytes[..]);

        assert!(server.read(&mut input, &mut Vec::new()).unwrap());

        assert_eq!(input, b"chunk");
        assert!(server.read(&mut input, &mut Vec::new()).unwrap());
        assert_eq!(input, b"chunk");
    }

    #[test]
    fn server_is_silent_until_the_client_speaks() {
        let mut output = Vec::new();

        assert!(!Handshake::server().read(&mut &[][..], &mut output).unwrap());

        assert!(output.is_empty());
    }

    #[test]
    fn other_protocols_are_told_by_their_first_byte() {
        let refused = |byte| Handshake::server().read(&mut &[byte][..], &mut Vec::new()).unwrap_err();

        for version in [6, 8, 9] {
            assert!(matches!(refused(version), Error::Encrypted(found) if found == version));
        }
        assert!(matches!(refused(0x16), Error::Tls));
        for method in [b'G', b'P', b'H', b'O', b'D', b'C', b'T'] {
            assert!(matches!(refused(method), Error::Http));
        }
        assert!(matches!(refused(0), Error::Version(0)));
        assert_eq!(refused(31).to_string(), "handshake version 31 instead of 3");
    }

    proptest! {
        #[test]
        fn random_packets_are_consumed_to_their_last_byte(
            bytes in prop::collection::vec(any::<u8>(), 3072..3200),
            step in 1..4000_usize,
        ) {
            let bytes = [&[VERSION][..], &bytes].concat();
            let (done, consumed) = feed(&mut Handshake::server(), &bytes, step, &mut Vec::new());
            prop_assert_eq!((done, consumed), (true, PEER_LEN));
        }
    }

    fn feed(side: &mut Handshake, bytes: &[u8], step: usize, output: &mut Vec<u8>) -> (bool, usize) {
        let mut consumed = 0;
        let mut done = false;
        for mut piece in bytes.chunks(step) {
            let len = piece.len();
            done = side.read(&mut piece, output).unwrap();
            consumed += len - piece.len();
        }
        (done, consumed)
    }
}
