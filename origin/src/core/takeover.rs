//! Who publishes a stream: new publishers, resumed ones, and what happens when there are two.

use std::collections::btree_map::Entry;
use std::time::Instant;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{
    Accepted, Grant, Have, Nothing, Probe, Publish, Refused, Resume, Revoked,
};
use livecluster_mrtmp::id::{Channel, PublicationId, Term};

use super::context::Context;
use super::link::LinkId;
use super::publication::Publication;
use super::stream::Stream;

/// A publish that has no answer yet.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub link: LinkId,
    pub publish: Publish,
    pub since: Instant,
    /// It came while another published: that one's edge is asked whether it is silent.
    pub probing: Option<PublicationId>,
}

/// What is done about a newcomer.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accept,
    Wait,
    Probe(PublicationId),
    Refuse(&'static str, String),
}

/// The code for a name that is taken.
const BAD_NAME: &str = "NetStream.Publish.BadName";
/// The code for a publisher without the right to publish.
const DENIED: &str = "NetStream.Publish.Denied";

impl Stream {
    pub(super) fn publish(&mut self, link: LinkId, publish: Publish, cx: &mut Context) {
        // Its acceptance was lost with a link: the same publication asks again.
        if let Some(known) = self.publications.get_mut(&publish.publication) {
            known.bind(link, publish.channel);
            let accepted = Accepted {
                channel: publish.channel,
                grant: known.grant.clone(),
            };
            return cx.control(link, Frame::Accepted(accepted));
        }
        self.newcomers.push(Newcomer {
            link,
            publish,
            since: cx.now.instant,
            probing: None,
        });
        self.decide(cx);
        cx.after(cx.config.adoption, &self.key);
    }

    /// Answers the newcomers that can be answered now, oldest first.
    pub(super) fn decide(&mut self, cx: &mut Context) {
        let mut at = 0;
        while at < self.newcomers.len() {
            match self.judge(at, cx) {
                Verdict::Wait => at += 1,
                Verdict::Accept => {
                    let newcomer = self.newcomers.remove(at);
                    self.accept(newcomer, cx);
                }
                Verdict::Probe(id) => {
                    self.probe(at, id, cx);
                    at += 1;
                }
                Verdict::Refuse(code, description) => {
                    let newcomer = self.newcomers.remove(at);
                    refuse(&newcomer, code, description, cx);
                }
            }
        }
    }

    fn judge(&self, at: usize, cx: &Context) -> Verdict {
        let Some(newcomer) = self.newcomers.get(at) else {
            return Verdict::Wait;
        };
        if !cx.applications.allows(self.key.app()) {
            return Verdict::Refuse(
                DENIED,
                format!("application {} is not listed", self.key.app()),
            );
        }
        if let Some(current) = self.current() {
            return judge_against(current, newcomer);
        }
        let adopted = cx.adoption.since(&self.key) + cx.config.adoption;
        let came = newcomer.since + cx.config.adoption;
        if cx.now.instant < adopted.min(came) {
            return Verdict::Wait;
        }
        match self.is_awaited() {
            true => Verdict::Refuse(BAD_NAME, format!("{} is held for its publisher", self.key)),
            false => Verdict::Accept,
        }
    }

    fn probe(&mut self, at: usize, id: PublicationId, cx: &mut Context) {
        if let Some(newcomer) = self.newcomers.get_mut(at) {
            newcomer.probing = Some(id);
        }
        let source = self
            .publications
            .get(&id)
            .and_then(|current| current.source);
        if let Some((link, channel)) = source {
            cx.control(link, Frame::Probe(Probe { channel }));
        }
    }

    /// The publisher's edge has answered: its silence makes room for the first newcomer.
    pub(super) fn probed(&mut self, id: PublicationId, silent: bool, cx: &mut Context) {
        let Some(first) = self
            .newcomers
            .iter()
            .position(|newcomer| newcomer.probing == Some(id))
        else {
            return;
        };
        if silent && self.current == Some(id) {
            let newcomer = self.newcomers.remove(first);
            self.accept(newcomer, cx);
        }
        let (asked, others) = std::mem::take(&mut self.newcomers)
            .into_iter()
            .partition(|newcomer| newcomer.probing == Some(id));
        self.newcomers = others;
        let asked: Vec<Newcomer> = asked;
        for newcomer in asked {
            refuse(
                &newcomer,
                BAD_NAME,
                format!("{} is already published", self.key),
                cx,
            );
        }
    }

    fn accept(&mut self, newcomer: Newcomer, cx: &mut Context) {
        let Newcomer { link, publish, .. } = newcomer;
        let Some(edge) = cx.links.name_of(link) else {
            return;
        };
        let previous = self.supersede_current(cx);
        let since = cx.adoption.since(&self.key);
        let provisional_until = (since + cx.config.hold).max(cx.now.instant);
        let provisional = previous.is_none() && cx.now.instant < provisional_until;
        let grant = Grant {
            term: self.next_term(cx),
            previous,
            provisional,
            ..Grant::default()
        };
        let mut publication = Publication::new(
            publish.publication,
            grant.clone(),
            edge,
            cx.now.instant,
            &cx.config,
        );
        publication.provisional_until = provisional.then_some(provisional_until);
        publication.bind(link, publish.channel);
        self.publications.insert(publication.id, publication);
        self.current = Some(publish.publication);
        cx.control(
            link,
            Frame::Accepted(Accepted {
                channel: publish.channel,
                grant,
            }),
        );
        self.reconsider(cx);
        cx.report(&self.key);
    }

    fn next_term(&mut self, cx: &Context) -> Term {
        let counter = self.last_term.counter.saturating_add(1).max(cx.now.unix_ms);
        let term = Term {
            generation: cx
                .adoption
                .table()
                .generation()
                .max(self.last_term.generation),
            counter,
        };
        self.last_term = self.last_term.max(term);
        term
    }

    /// The current publication gives way: what it has here counts, nothing after it.
    fn supersede_current(&mut self, cx: &mut Context) -> Option<(PublicationId, u64)> {
        let old = self.publications.get_mut(&self.current?)?;
        let last = old.next();
        old.superseded_at = Some(last);
        cx.counters.takeovers += 1;
        if let Some((link, channel)) = old.source {
            cx.control(link, Frame::Revoked(Revoked { channel, last }));
        }
        Some((old.id, last))
    }

    // Publications that had a grant before.

    pub(super) fn resume(&mut self, link: LinkId, resume: Resume, cx: &mut Context) {
        let Some(edge) = cx.links.name_of(link) else {
            return;
        };
        self.last_term = self.last_term.max(resume.grant.term);
        let id = resume.publication;
        if let Entry::Vacant(vacant) = self.publications.entry(id) {
            let now = cx.now.instant;
            let publication = Publication::new(id, resume.grant.clone(), edge, now, &cx.config);
            let publication = vacant.insert(publication);
            publication.provisional_until = resume.grant.provisional.then(|| now + cx.config.hold);
            self.place_resumed(&resume, cx);
        }
        self.answer_resume(link, &resume, cx);
        self.decide(cx);
        self.reconsider(cx);
        cx.report(&self.key);
    }

    /// Decides whether a publication that was not known here is current.
    fn place_resumed(&mut self, resume: &Resume, cx: &mut Context) {
        let id = resume.publication;
        if resume.ended.is_some() {
            return;
        }
        let Some(current) = self.current() else {
            self.current = Some(id);
            return;
        };
        if beats(&resume.grant, &current.grant) {
            self.supersede_current(cx);
            self.current = Some(id);
            return;
        }
        let last = match current.grant.previous {
            Some((previous, last)) if previous == id => last,
            _ => resume.next,
        };
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.superseded_at = Some(last);
        }
    }

    fn answer_resume(&mut self, link: LinkId, resume: &Resume, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&resume.publication) else {
            return;
        };
        let channel = resume.channel;
        publication.bind(link, channel);
        publication.expected = resume.next;
        for (edge, _) in &resume.map {
            publication.set_entered(edge);
        }
        if let Some(last) = publication.superseded_at {
            cx.control(link, Frame::Revoked(Revoked { channel, last }));
        }
        if publication.is_empty() || publication.next() < resume.oldest {
            publication.restart(&cx.config);
            return cx.control(link, Frame::Nothing(Nothing { channel }));
        }
        cx.control(
            link,
            Frame::Have(Have {
                channel,
                next: publication.next(),
            }),
        );
    }

    /// The publisher's edge no longer feeds this origin.
    pub(super) fn withdraw(
        &mut self,
        id: PublicationId,
        link: LinkId,
        channel: Channel,
        cx: &mut Context,
    ) {
        self.newcomers
            .retain(|newcomer| newcomer.link != link || newcomer.publish.channel != channel);
        if self.is_fed_by(id, link, channel) {
            self.withdrawn(id, cx);
        }
        self.decide(cx);
    }
}

fn judge_against(current: &Publication, newcomer: &Newcomer) -> Verdict {
    let taken = |why: &str| Verdict::Refuse(BAD_NAME, format!("{} is {why}", newcomer.publish.key));
    match (current.source, newcomer.probing) {
        (None, _) => taken("held for its publisher"),
        (Some(_), _) if !current.has_caught_up() => Verdict::Wait,
        (Some(_), Some(id)) if id == current.id => Verdict::Wait,
        (Some(_), _) => Verdict::Probe(current.id),
    }
}

/// Whether a grant wins over another, wherever the two meet: the newer one, unless it is provisional and without the
/// older one's key.
fn beats(grant: &Grant, other: &Grant) -> bool {
    let same_key = !grant.identity.is_empty() && grant.identity == other.identity;
    match grant.term > other.term {
        true => same_key || !grant.provisional,
        false => !same_key && other.provisional,
    }
}

fn refuse(newcomer: &Newcomer, code: &str, description: String, cx: &mut Context) {
    cx.counters.refusals += 1;
    let channel = newcomer.publish.channel;
    let refused = Refused {
        channel,
        code: code.to_owned(),
        description,
    };
    cx.control(newcomer.link, Frame::Refused(refused));
}
