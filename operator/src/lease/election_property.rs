//! A randomised test: candidates on a bad network, frozen and cut off at will, never two of whom believe to lead.

use proptest::prelude::*;

use super::*;

/// Candidates, an API that they reach over lines that delay and lose, and the time in milliseconds.
struct World {
    random: Random,
    start: Instant,
    now: u64,
    lease: Option<Record>,
    versions: u32,
    candidates: Vec<Standing>,
    /// Requests that nobody waits for any more.
    late: Vec<Request>,
    /// How many have led.
    leaders: usize,
    names: usize,
}

struct Standing {
    election: Election,
    /// It does nothing before.
    frozen_until: u64,
    /// Nothing passes before.
    cut_until: u64,
    request: Option<Request>,
    has_led: bool,
}

struct Request {
    from: String,
    step: Step,
    sent: u64,
    arrives: u64,
    /// When whoever sent it has the answer, or has waited long enough.
    ends: u64,
    answer: Answer,
    is_answer_lost: bool,
}

enum Answer {
    None,
    Read(Option<Record>),
    Written(Record),
    Refused,
}

impl World {
    fn new(seed: u64, count: usize) -> Self {
        let mut world = Self {
            random: Random(seed),
            start: Instant::now(),
            now: 0,
            lease: None,
            versions: 0,
            candidates: Vec::new(),
            late: Vec::new(),
            leaders: 0,
            names: 0,
        };
        for _ in 0..count {
            let standing = world.standing();
            world.candidates.push(standing);
        }
        world
    }

    /// One that has just started; no name comes back.
    fn standing(&mut self) -> Standing {
        self.names += 1;
        let election = Election::new(format!("candidate-{}", self.names), TIMING, self.instant(self.now));
        Standing { election, frozen_until: 0, cut_until: 0, request: None, has_led: false }
    }

    fn instant(&self, at: u64) -> Instant {
        self.start + Duration::from_millis(at)
    }

    fn run(&mut self, until: u64) {
        while self.now < until {
            self.now += TICK;
            self.arrive_late();
            for at in 0..self.candidates.len() {
                self.harm(at);
                self.arrive(at);
                if self.candidates[at].frozen_until <= self.now {
                    self.end_request(at);
                    self.go_on(at);
                }
            }
        }
    }

    fn harm(&mut self, at: usize) {
        if self.random.once_in(750) {
            self.candidates[at].frozen_until = self.now + self.random.below(40_000);
        }
        if self.random.once_in(500) {
            self.candidates[at].cut_until = self.now + self.random.below(40_000);
        }
    }

    /// A request that has arrived counts, whatever became of whoever sent it.
    fn arrive(&mut self, at: usize) {
        let now = self.now;
        let has_arrived = |request: &mut Request| request.arrives <= now && matches!(request.answer, Answer::None);
        if let Some(mut request) = self.candidates[at].request.take_if(has_arrived) {
            request.answer = self.answer(&request);
            self.candidates[at].request = Some(request);
        }
    }

    fn arrive_late(&mut self) {
        let (arrived, late): (Vec<_>, _) = self.late.drain(..).partition(|request| request.arrives <= self.now);
        self.late = late;
        arrived.iter().for_each(|request| drop(self.answer(request)));
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let fits = match (&self.lease, &request.step) {
            (lease, Step::Read) => return Answer::Read(lease.clone()),
            (None, Step::Create) => true,
            (Some(lease), Step::Claim(version)) => lease.version == *version,
            _ => false,
        };
        if !fits {
            return Answer::Refused;
        }
        self.versions += 1;
        let written = record(self.versions, &request.from);
        self.lease = Some(written.clone());
        Answer::Written(written)
    }

    fn end_request(&mut self, at: usize) {
        let now = self.now;
        let Some(request) = self.candidates[at].request.take_if(|request| request.ends <= now) else {
            return;
        };
        let (sent, now) = (self.instant(request.sent), self.instant(now));
        let election = &mut self.candidates[at].election;
        match request.answer {
            Answer::None => {
                election.failed(now);
                self.late.push(request);
            }
            _ if request.is_answer_lost => election.failed(now),
            Answer::Read(record) => election.read(record, now),
            Answer::Written(record) => election.wrote(sent, record, now),
            Answer::Refused => election.refused(),
        }
        self.check(at);
    }

    /// Whoever begins to lead, or goes on to, is alone.
    fn check(&mut self, at: usize) {
        let now = self.instant(self.now);
        let leads = |standing: &&Standing| standing.election.leads_until().is_some_and(|until| now < until);
        let leading: Vec<_> = self.candidates.iter().filter(leads).map(|one| one.election.identity()).collect();
        assert!(leading.len() <= 1, "{leading:?} lead at {} ms", self.now);
        let begins = leads(&&self.candidates[at]) && !self.candidates[at].has_led;
        self.candidates[at].has_led |= begins;
        self.leaders += usize::from(begins);
    }

    fn go_on(&mut self, at: usize) {
        if self.candidates[at].request.is_some() {
            return;
        }
        match self.candidates[at].election.poll(self.instant(self.now)) {
            Step::Wait(_) => {}
            Step::Lost => self.candidates[at] = self.standing(),
            step => self.send(at, step),
        }
    }

    /// Most requests take up to a second each way, some five; nobody waits for more than three.
    fn send(&mut self, at: usize, step: Step) {
        let slowest = if self.random.once_in(10) { 5000 } else { 1000 };
        let is_lost = self.candidates[at].cut_until > self.now || self.random.once_in(20);
        let arrives = self.now + 1 + self.random.below(slowest);
        let answered = arrives + 1 + self.random.below(slowest);
        self.candidates[at].request = Some(Request {
            from: self.candidates[at].election.identity().to_owned(),
            step,
            sent: self.now,
            arrives: if is_lost { u64::MAX } else { arrives },
            ends: answered.min(self.now + 3000),
            answer: Answer::None,
            is_answer_lost: answered > self.now + 3000 || self.random.once_in(20),
        });
    }
}

/// A generator (splitmix64): the same seed gives the same numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

const TICK: u64 = 100;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn never_two_believe_to_lead(seed: u64, count in 2_usize..5) {
        let mut world = World::new(seed, count);

        world.run(30 * 60 * 1000);

        // Nobody is harmed for longer than 40 s: within half an hour the lease has been held, and has gone over.
        prop_assert!(world.leaders >= 2, "{} have led", world.leaders);
    }
}
