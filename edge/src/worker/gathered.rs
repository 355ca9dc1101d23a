//! Messages that go to many viewers: their bytes, one after another, made once for all of them.

use std::sync::Arc;

use livecluster_rtmp::broadcast::Entry;

use super::batch::MAX_GATHER;
use super::outgoing::Rest;
use super::wire::Form;
use crate::core::Feed;

/// The messages that viewers who keep up lack, as they go over the wire.
///
/// They are copied into one piece: to write that is cheaper than to write header and payload of each message from where
/// they are, and it happens once a turn, not once a viewer.
#[derive(Debug)]
pub(super) struct Gathered {
    first: u64,
    entries: Vec<Arc<Entry>>,
    bytes: Vec<u8>,
    /// Where each message ends in `bytes`.
    ends: Vec<usize>,
    form: Form,
    /// There is more in the log.
    pub is_cut: bool,
}

/// Where a viewer stands whose socket took no more.
#[derive(Debug)]
pub(super) struct Cut {
    /// The first message of which nothing was written.
    pub next: u64,
    /// What is left of the one before it, if that is partly written.
    pub rest: Option<Rest>,
}

impl Gathered {
    /// The messages of a feed from this number on, as many as are gathered for one write.
    pub fn from(feed: &Feed, next: u64, chunk_size: usize) -> Self {
        let form = Form { chunk_size, offset: feed.offset() };
        let (entries, is_cut) = take(feed, next);
        let mut gathered = Self {
            first: entries.first().map_or(next, |entry| entry.sequence),
            bytes: Vec::with_capacity(entries.iter().map(|entry| form.chunks(entry).len()).sum()),
            ends: Vec::with_capacity(entries.len()),
            entries: Vec::new(),
            form,
            is_cut,
        };
        for entry in &entries {
            form.chunks(entry).write(&mut gathered.bytes);
            gathered.ends.push(gathered.bytes.len());
        }
        Self { entries, ..gathered }
    }

    /// The number behind the last message.
    pub fn end(&self) -> u64 {
        self.first + u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// What a viewer gets that needs this number next. None: it lacks more than this.
    pub fn rest_from(&self, next: u64) -> Option<&[u8]> {
        self.bytes.get(self.start_of(next)?..)
    }

    /// Where a viewer stands that needed this number next and took so many bytes.
    pub fn cut_at(&self, next: u64, len: usize) -> Cut {
        let at = self.start_of(next).unwrap_or_default() + len;
        let whole = self.ends.partition_point(|end| *end <= at);
        let start = self.start_at(whole);
        let next = self.first + u64::try_from(whole).unwrap_or(u64::MAX);
        match self.entries.get(whole).filter(|_| start < at) {
            Some(entry) => Cut {
                next: next + 1,
                rest: Some(Rest { entry: Arc::clone(entry), form: self.form, offset: at - start }),
            },
            None => Cut { next, rest: None },
        }
    }

    fn start_of(&self, sequence: u64) -> Option<usize> {
        let index = sequence.checked_sub(self.first)?;
        Some(self.start_at(usize::try_from(index).unwrap_or(usize::MAX)))
    }

    /// Where the message with this index begins; behind the last one it is the end.
    fn start_at(&self, index: usize) -> usize {
        match index.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(self.bytes.len()),
        }
    }
}

/// True: there is more in the log.
fn take(feed: &Feed, next: u64) -> (Vec<Arc<Entry>>, bool) {
    let log = feed.log();
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for entry in log.range(next) {
        if bytes >= MAX_GATHER {
            return (entries, true);
        }
        bytes += entry.message.payload.len();
        entries.push(Arc::clone(entry));
    }
    (entries, false)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::Bytes;
    use livecluster_rtmp::Message;
    use livecluster_rtmp::broadcast::{Broadcast, Limits};
    use livecluster_rtmp::message::Kind;

    use super::*;

    /// Messages 5, 6 and 7 with 10, 20 and 30 bytes of payload, 12 more each on the wire.
    fn feed() -> Arc<Feed> {
        let mut log = Broadcast::starting_at(5, Limits::default());
        for len in [10, 20, 30] {
            let payload = Bytes::from(vec![len; usize::from(len)]);
            log.push(Message { kind: Kind::AUDIO, timestamp: 0, stream_id: 1, payload }, Instant::now());
        }
        Feed::new(log)
    }

    fn gathered() -> Gathered {
        Gathered::from(&feed(), 5, 1000)
    }

    #[test]
    fn viewers_get_what_they_lack() {
        let gathered = gathered();

        let rest = |next| gathered.rest_from(next).map(<[u8]>::len);
        assert_eq!((rest(5), rest(6), rest(7)), (Some(22 + 32 + 42), Some(32 + 42), Some(42)));
        assert_eq!(gathered.end(), 8);
        assert_eq!((rest(8), rest(9)), (Some(0), Some(0)));
        assert_eq!(rest(4), None);
    }

    #[test]
    fn viewer_that_is_cut_goes_on_in_the_middle_of_its_message() {
        let gathered = gathered();

        let cut = |next, len| {
            let cut = gathered.cut_at(next, len);
            (cut.next, cut.rest.map(|rest| (rest.entry.sequence, rest.offset)))
        };
        assert_eq!(cut(5, 0), (5, None));
        assert_eq!(cut(5, 1), (6, Some((5, 1))));
        assert_eq!(cut(5, 22), (6, None));
        assert_eq!(cut(6, 33), (8, Some((7, 1))));
        assert_eq!(cut(6, 74), (8, None));
    }

    #[test]
    fn what_is_too_much_for_one_write_is_cut() {
        let mut log = Broadcast::starting_at(0, Limits::default());
        for _ in 0..3 {
            let payload = Bytes::from(vec![0; MAX_GATHER / 2]);
            log.push(Message { kind: Kind::AUDIO, timestamp: 0, stream_id: 1, payload }, Instant::now());
        }
        let feed = Feed::new(log);

        let first = Gathered::from(&feed, 0, 60_000);
        let second = Gathered::from(&feed, first.end(), 60_000);

        assert_eq!((first.end(), first.is_cut), (2, true));
        assert_eq!((second.end(), second.is_cut), (3, false));
    }

    #[test]
    fn nothing_is_gathered_of_a_log_that_has_no_more() {
        let gathered = Gathered::from(&feed(), 8, 1000);

        assert_eq!((gathered.end(), gathered.rest_from(8)), (8, Some(&[][..])));
    }
}
