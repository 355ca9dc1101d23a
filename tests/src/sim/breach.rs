//! Rules that a simulated cluster breaks on purpose, so that the checks show that they can fail.

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Media, Subscriber};

use super::World;
use super::payload::Payload;
use super::wire::Way;

/// A broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// An origin changes the order of two messages.
    Reorder,
    /// An origin passes a message on twice.
    Repeat,
    /// An origin says that everyone has what nobody has yet.
    StableTooEarly,
    /// An origin says that it has more than it has.
    HaveTooMuch,
    /// Viewers' edges are not entered into the publisher's map.
    NoMap,
    /// Headers are not sent.
    NoHeaders,
    /// An end is not sent on.
    NoEnd,
    /// New publishes do not wait for resumes.
    NoAdoption,
    /// An origin that was frozen goes on with what it knew.
    OldStateAfterFreeze,
    /// A link that is lost is taken for its clients' leaving.
    LeaveWithLink,
    /// Documents do not say where live streams stay while defaults change.
    DefaultsMove,
}

impl Breach {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Reorder,
        Self::Repeat,
        Self::StableTooEarly,
        Self::HaveTooMuch,
        Self::NoMap,
        Self::NoHeaders,
        Self::NoEnd,
        Self::NoAdoption,
        Self::OldStateAfterFreeze,
        Self::LeaveWithLink,
        Self::DefaultsMove,
    ];
}

impl World {
    /// What comes of a frame where a rule is broken.
    pub(super) fn tamper(&mut self, at: usize, way: Way, frame: Frame) -> Vec<Frame> {
        let Some(breach) = self.setup.breach else {
            return vec![frame];
        };
        match (breach, way, frame) {
            (Breach::Reorder, Way::Up, Frame::Media(media)) if self.random.once_in(50) => {
                vec![Frame::Media(renumbered(media, 1))]
            }
            (Breach::Repeat, Way::Up, Frame::Media(media)) if self.random.once_in(50) => {
                vec![Frame::Media(renumbered(media, -1))]
            }
            (Breach::StableTooEarly, Way::Down, Frame::Stable(mut stable)) => {
                for (_, next) in &mut stable.edges {
                    *next = next.map(|next| next + 1000);
                }
                stable.next += 1000;
                vec![Frame::Stable(stable)]
            }
            (Breach::HaveTooMuch, Way::Down, Frame::Have(mut have)) => {
                have.next += 1;
                vec![Frame::Have(have)]
            }
            (Breach::NoMap, Way::Down, Frame::Subscriber(subscriber)) => {
                self.answer_for_the_edge(at, subscriber);
                Vec::new()
            }
            (Breach::NoMap, Way::Down, Frame::Stable(mut stable)) => {
                stable.edges.clear();
                vec![Frame::Stable(stable)]
            }
            (Breach::NoHeaders, _, Frame::Header(_)) | (Breach::NoEnd, _, Frame::End(_)) => Vec::new(),
            (_, _, frame) => vec![frame],
        }
    }

    fn answer_for_the_edge(&mut self, at: usize, subscriber: Subscriber) {
        let super::wire::End::Open(link) = self.wires[at].origin_end else {
            return;
        };
        let origin = self.wires[at].origin;
        let now = self.origin_now(origin);
        if let Some(core) = self.origins[origin].core() {
            let _ = core.handle_frame(link, Frame::Subscriber(subscriber), now);
        }
        self.after_origin(origin);
    }

    /// The clients of an edge leave because it lost a link.
    pub(super) fn leave_with_link(&mut self, edge: usize) {
        if self.setup.breach != Some(Breach::LeaveWithLink) {
            return;
        }
        let now = self.instant();
        for at in 0..self.publishers.len() {
            if self.publishers[at].edge == edge {
                let publication = self.publishers[at].publication;
                self.edges[edge].core.unpublish(publication, now);
            }
        }
    }
}

/// The message that another number had, under this number.
fn renumbered(media: Media, by: i64) -> Media {
    let number = media.sequence.saturating_add_signed(by);
    let payload = Payload::renumbered(&media.payload, media.kind, number);
    Media { payload: payload.unwrap_or_default(), ..media }
}
