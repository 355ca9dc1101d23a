//! Who publishes a stream: new publishers, resumed ones, and what happens when there are two.

use std::collections::btree_map::Entry;
use std::time::Instant;

use bytes::Bytes;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::limit::MAX_IDENTITY;
use livecluster_mrtmp::frame::{Accepted, Client, Grant, Have, Nothing, Probe, Publish, Refused, Resume, Revoked};
use livecluster_mrtmp::id::{Channel, PublicationId, Term};

use super::context::Context;
use super::link::LinkId;
use super::publication::{Publication, TAIL};
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
/// The code for want of room.
const FAILED: &str = "NetStream.Failed";
/// The code for a publisher without the right to publish.
const DENIED: &str = "NetStream.Publish.Denied";

impl Stream {
    pub(super) fn publish(&mut self, link: LinkId, publish: Publish, cx: &mut Context) {
        let newcomer = Newcomer { link, publish, since: cx.now.instant, probing: None };
        if self.publications.contains_key(&newcomer.publish.publication) {
            return self.publish_again(&newcomer, cx);
        }
        self.end_unnamed(newcomer.publish.publication, cx);
        self.newcomers.push(newcomer);
        self.decide(cx);
        cx.after(cx.config.adoption, &self.key);
    }

    /// Its acceptance was lost with a link: the same publication asks again. Its client has sent nothing yet.
    fn publish_again(&mut self, newcomer: &Newcomer, cx: &mut Context) {
        let id = newcomer.publish.publication;
        if self.current != Some(id) {
            self.forget(id, cx);
            return refuse(newcomer, BAD_NAME, format!("{} was taken by another publisher", self.key), cx);
        }
        let channel = newcomer.publish.channel;
        if let Some(known) = self.publications.get_mut(&id) {
            known.bind(newcomer.link, channel);
            probe_again(&mut self.newcomers, id);
            let accepted = Accepted { channel, grant: known.grant.clone() };
            cx.control(newcomer.link, Frame::Accepted(accepted));
        }
        self.reconsider(cx);
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
            return Verdict::Refuse(DENIED, format!("application {} is not listed", self.key.app()));
        }
        if let Some(current) = self.current() {
            return judge_against(current, newcomer);
        }
        let adopted = self.adopted_since(cx) + cx.config.adoption;
        let came = newcomer.since + cx.config.adoption;
        if cx.now.instant < adopted.min(came) {
            return Verdict::Wait;
        }
        if self.is_awaited() {
            return Verdict::Refuse(BAD_NAME, format!("{} is held for its publisher", self.key));
        }
        match cx.config.log.check_room() {
            Ok(()) => Verdict::Accept,
            Err(full) => Verdict::Refuse(FAILED, full.to_string()),
        }
    }

    /// One question at a time: whoever comes meanwhile gets the same answer.
    fn probe(&mut self, at: usize, id: PublicationId, cx: &mut Context) {
        let is_asked = self.newcomers.iter().any(|newcomer| newcomer.probing == Some(id));
        if let Some(newcomer) = self.newcomers.get_mut(at) {
            newcomer.probing = Some(id);
        }
        let source = self.publications.get(&id).and_then(|current| current.source);
        if let Some((link, channel)) = source.filter(|_| !is_asked) {
            cx.control(link, Frame::Probe(Probe { channel }));
        }
    }

    /// The publisher's edge has answered: its silence makes room for the first newcomer.
    pub(super) fn probed(&mut self, id: PublicationId, silent: bool, cx: &mut Context) {
        let Some(first) = self.newcomers.iter().position(|newcomer| newcomer.probing == Some(id)) else {
            return;
        };
        if silent && self.current == Some(id) {
            let newcomer = self.newcomers.remove(first);
            self.accept(newcomer, cx);
        }
        let (asked, others) =
            std::mem::take(&mut self.newcomers).into_iter().partition(|newcomer| newcomer.probing == Some(id));
        self.newcomers = others;
        let asked: Vec<Newcomer> = asked;
        for newcomer in asked {
            refuse(&newcomer, BAD_NAME, format!("{} is already published", self.key), cx);
        }
    }

    fn accept(&mut self, newcomer: Newcomer, cx: &mut Context) {
        let Newcomer { link, publish, .. } = newcomer;
        let Some(edge) = cx.links.name_of(link) else {
            return;
        };
        let previous = self.supersede_current(None, cx);
        let provisional_until = (self.adopted_since(cx) + cx.config.hold).max(cx.now.instant);
        let provisional = previous.is_none() && cx.now.instant < provisional_until;
        let identity = identity(&publish.asks);
        let grant = Grant { term: self.next_term(publish.generation, cx), identity, previous, provisional };
        let mut publication = Publication::new(publish.publication, grant.clone(), edge, cx.now.instant, &cx.config);
        publication.provisional_until = provisional.then_some(provisional_until);
        publication.bind(link, publish.channel);
        self.publications.insert(publication.id, publication);
        self.current = Some(publish.publication);
        cx.timers.set(provisional_until, self.key.clone());
        cx.control(link, Frame::Accepted(Accepted { channel: publish.channel, grant }));
        self.reconsider(cx);
        cx.report(&self.key);
    }

    /// `known` is the edge's generation: an origin that is behind takes the stream on its word.
    fn next_term(&mut self, known: u64, cx: &Context) -> Term {
        let counter = self.last_term.counter.saturating_add(1).max(cx.now.unix_ms);
        let generation = cx.adoption.table().generation().max(self.last_term.generation).max(known);
        let term = Term { generation, counter };
        self.last_term = self.last_term.max(term);
        term
    }

    /// The current publication gives way: what is below the number that was named at its successor's acceptance counts,
    /// or what it has here if that is accepted now; nothing after it.
    fn supersede_current(&mut self, named: Option<u64>, cx: &mut Context) -> Option<(PublicationId, u64)> {
        let old = self.publications.get_mut(&self.current?)?;
        let last = named.unwrap_or_else(|| old.next());
        old.supersede(last, cx.now.instant);
        cx.after(TAIL, &self.key);
        cx.counters.takeovers += 1;
        if let Some((link, channel)) = old.source {
            cx.control(link, Frame::Revoked(Revoked { channel, last }));
        }
        Some((old.id, last))
    }

    /// Another origin has let another publication have the stream, from this number of this one's on.
    pub(super) fn revoked_elsewhere(&mut self, id: PublicationId, last: u64, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id).filter(|one| one.superseded_at().is_none()) else {
            return;
        };
        publication.supersede(last, cx.now.instant);
        if self.current == Some(id) {
            self.current = None;
        }
        cx.after(TAIL, &self.key);
        self.decide(cx);
        self.reconsider(cx);
        cx.report(&self.key);
    }

    /// On a link that came up an edge names its publications in the order of their numbers: one with a lower number
    /// that it has not named is over.
    fn end_unnamed(&mut self, named: PublicationId, cx: &mut Context) {
        let is_over =
            |one: &&Publication| one.source.is_none() && one.id.edge == named.edge && one.id.counter < named.counter;
        if let Some(unnamed) = self.current().filter(is_over).map(|one| one.id) {
            self.abandon(unnamed, cx);
        }
    }

    // Publications that had a grant before.

    pub(super) fn resume(&mut self, link: LinkId, resume: Resume, cx: &mut Context) {
        let Some(edge) = cx.links.name_of(link) else {
            return;
        };
        self.last_term = self.last_term.max(resume.grant.term);
        let id = resume.publication;
        self.end_unnamed(id, cx);
        if let Entry::Vacant(vacant) = self.publications.entry(id) {
            let now = cx.now.instant;
            let publication = Publication::new(id, resume.grant.clone(), edge, now, &cx.config);
            let publication = vacant.insert(publication);
            publication.provisional_until = resume.grant.provisional.then(|| now + cx.config.hold);
            cx.after(cx.config.hold, &self.key);
        }
        if self.is_unplaced(id) {
            self.place_resumed(&resume, cx);
        }
        self.answer_resume(link, &resume, cx);
        self.enter_watchers(id, cx);
        self.note_all_passed(cx);
        self.decide(cx);
        self.reconsider(cx);
        cx.report(&self.key);
    }

    /// Whether it is neither current nor has given way: it was not known here, or another one came while nobody fed it.
    fn is_unplaced(&self, id: PublicationId) -> bool {
        let has_given_way = |one: &Publication| one.superseded_at().is_some();
        self.current != Some(id) && self.publications.get(&id).is_some_and(|one| !has_given_way(one))
    }

    /// Decides whether a publication is current whose edge feeds it from now on.
    fn place_resumed(&mut self, resume: &Resume, cx: &mut Context) {
        let id = resume.publication;
        if resume.ended.is_some() {
            return;
        }
        let Some(current) = self.current() else {
            self.current = Some(id);
            return;
        };
        if current.ends.is_some() || beats(&resume.grant, &current.grant) {
            let named = last_of(current.id, &resume.grant).or(current.ends);
            self.supersede_current(named, cx);
            self.current = Some(id);
            return;
        }
        if current.source.is_none() {
            // It wins if its client is sending: that is judged if it resumes.
            self.current = Some(id);
            return;
        }
        let last = last_of(id, &current.grant).unwrap_or(resume.next);
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.supersede(last, cx.now.instant);
            cx.after(TAIL, &self.key);
        }
    }

    fn answer_resume(&mut self, link: LinkId, resume: &Resume, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&resume.publication) else {
            return;
        };
        let channel = resume.channel;
        publication.bind(link, channel);
        probe_again(&mut self.newcomers, publication.id);
        publication.expected = resume.next;
        publication.ends = resume.ended;
        publication.tell_stable_soon(&self.key, cx);
        for (edge, next) in &resume.map {
            publication.set_entered(edge, *next);
        }
        if let Some(last) = publication.superseded_at() {
            cx.control(link, Frame::Revoked(Revoked { channel, last }));
        }
        if publication.is_empty() || publication.next() < resume.oldest {
            publication.restart(&cx.config);
            return cx.control(link, Frame::Nothing(Nothing { channel }));
        }
        cx.control(link, Frame::Have(Have { channel, next: publication.next() }));
    }

    /// The publisher's edge no longer feeds this origin.
    pub(super) fn withdraw(&mut self, id: PublicationId, link: LinkId, channel: Channel, cx: &mut Context) {
        self.newcomers.retain(|newcomer| newcomer.link != link || newcomer.publish.channel != channel);
        if self.is_fed_by(id, link, channel) {
            self.withdrawn(id, cx);
        }
        self.decide(cx);
    }
}

/// The answer to what was asked on an earlier channel will not be heard.
fn probe_again(newcomers: &mut [Newcomer], id: PublicationId) {
    for newcomer in newcomers.iter_mut().filter(|newcomer| newcomer.probing == Some(id)) {
        newcomer.probing = None;
    }
}

/// The number at which a publication ended, if this grant took the stream over from it.
fn last_of(publication: PublicationId, grant: &Grant) -> Option<u64> {
    grant.previous.filter(|(previous, _)| *previous == publication).map(|(_, last)| last)
}

fn judge_against(current: &Publication, newcomer: &Newcomer) -> Verdict {
    let taken = |why: &str| Verdict::Refuse(BAD_NAME, format!("{} is {why}", newcomer.publish.key));
    match (current.source, newcomer.probing) {
        (Some(_), _) if !current.has_caught_up() => Verdict::Wait,
        _ if is_same(&current.grant.identity, &identity(&newcomer.publish.asks)) => Verdict::Accept,
        (None, _) => taken("held for its publisher"),
        (Some(_), Some(id)) if id == current.id => Verdict::Wait,
        (Some(_), _) => Verdict::Probe(current.id),
    }
}

/// Whether a grant wins over another, wherever the two meet: the newer one, unless it is provisional and without the
/// older one's key.
fn beats(grant: &Grant, other: &Grant) -> bool {
    let same_key = is_same(&grant.identity, &other.identity);
    match grant.term > other.term {
        true => same_key || !grant.provisional,
        false => !same_key && other.provisional,
    }
}

/// What a publisher knows that others do not: the parameter `key` of its stream's name, as in `alice?key=secret`. Who
/// shows none has none.
fn identity(asks: &Client) -> Bytes {
    let value = asks.query.split('&').find_map(|parameter| parameter.strip_prefix("key="));
    let value = value.filter(|value| value.len() <= MAX_IDENTITY).unwrap_or_default();
    Bytes::copy_from_slice(value.as_bytes())
}

fn is_same(identity: &Bytes, other: &Bytes) -> bool {
    !identity.is_empty() && identity == other
}

fn refuse(newcomer: &Newcomer, code: &str, description: String, cx: &mut Context) {
    cx.counters.refusals += 1;
    let channel = newcomer.publish.channel;
    let refused = Refused { channel, code: code.to_owned(), description };
    cx.control(newcomer.link, Frame::Refused(refused));
}
