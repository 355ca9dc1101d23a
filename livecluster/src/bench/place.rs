//! Where a client connects, and where it goes on when the server asks it to connect anew (Enhanced RTMP).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use livecluster_rtmp::session::BadTcUrl;
use tokio::time::sleep;

use super::Error;
use super::connection::{Connection, Lost};
use super::target::Target;

/// Where a client is, and where it may go from there.
#[derive(Debug, Clone)]
pub struct Place {
    target: Arc<Target>,
    /// `None`: as the host is called.
    address: Option<SocketAddr>,
    /// `None` for a client that stays whatever it is asked, and says so.
    round: Option<Round>,
}

/// The targets that a client tries in turn, and at which of them it is.
#[derive(Debug, Clone)]
struct Round {
    targets: Arc<[Arc<Target>]>,
    at: usize,
}

/// Where a server wants its client: the URL up to the application, or why that can't be followed.
pub type Asked = Result<String, BadTcUrl>;

impl Place {
    /// Here for good.
    pub fn fixed(target: &Arc<Target>, address: SocketAddr) -> Self {
        Self { target: Arc::clone(target), address: Some(address), round: None }
    }

    /// At one of these targets, by its number. Asked to go it connects there again, if it is let in, or to the next that
    /// lets it in. `None` if there is no such target.
    pub fn among(targets: &Arc<[Arc<Target>]>, at: usize, address: SocketAddr) -> Option<Self> {
        let target = Arc::clone(targets.get(at)?);
        let round = Round { targets: Arc::clone(targets), at };
        Some(Self { target, address: Some(address), round: Some(round) })
    }

    /// At the first of these targets, which a client can reach; if it moves, the others are where it may go.
    pub async fn first(targets: &[Target], moves: bool) -> Result<Self, Error> {
        let targets: Arc<[_]> = targets.iter().cloned().map(Arc::new).collect();
        let Some(first) = targets.first() else {
            return Err(Error::Arguments("there is no URL".to_owned()));
        };
        let address = first.reach().await?;
        let place = moves.then(|| Self::among(&targets, 0, address)).flatten();
        Ok(place.unwrap_or_else(|| Self::fixed(first, address)))
    }

    /// What it asks for there.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Which of the targets it is.
    pub fn number(&self) -> usize {
        self.round.as_ref().map_or(0, |round| round.at)
    }

    /// Connects.
    pub async fn open(&self) -> Result<Connection, Lost> {
        let moves = self.round.is_some();
        match self.address {
            Some(address) => Connection::open(address, &self.target, moves).await,
            None => self.target.open(moves).await,
        }
    }

    /// Where a request leads, the first choice first. An error says why it can't be followed.
    pub fn follow(&self, asked: &Asked) -> Result<Vec<Self>, String> {
        let tc_url = asked.as_ref().map_err(ToString::to_string)?;
        if *tc_url != self.target.tc_url() {
            let target = self.target.at(tc_url).map_err(|why| format!("tcUrl {tc_url:?}: {why}"))?;
            return Ok(vec![Self { target: Arc::new(target), address: None, round: self.round.clone() }]);
        }
        let Some(Round { targets, at }) = &self.round else {
            return Ok(Vec::new());
        };
        let turn = (0..targets.len()).map(|step| (at + step) % targets.len());
        let place = |at: usize| {
            let round = Round { targets: Arc::clone(targets), at };
            Some(Self { target: Arc::clone(targets.get(at)?), address: None, round: Some(round) })
        };
        Ok(turn.filter_map(place).collect())
    }
}

/// Connects to the first of these that lets a client in, and tries until one does. Whoever waits for it still has a
/// connection, and gives this up when that ends.
pub async fn open_any(places: &[Place]) -> (Connection, Place) {
    loop {
        for place in places {
            if let Ok(connection) = place.open().await {
                return (connection, place.clone());
            }
        }
        sleep(TRY_AGAIN).await;
    }
}

/// When none of them let the client in.
const TRY_AGAIN: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: usize) -> Place {
        let targets: Vec<_> = ["a", "b", "c"].map(|host| format!("rtmp://{host}/live/cam{{n}}")).into();
        let targets: Arc<[_]> = targets.iter().map(|url| Arc::new(url.parse().unwrap())).collect();
        Place::among(&targets, number, ([127, 0, 0, 1], 1).into()).unwrap()
    }

    fn led(place: &Place, asked: &str) -> Vec<(String, usize)> {
        let places = place.follow(&Ok(asked.to_owned())).unwrap();
        places.iter().map(|place| (place.target().tc_url(), place.number())).collect()
    }

    #[test]
    fn client_that_is_asked_to_come_again_tries_its_target_and_then_the_next() {
        let expected = [("rtmp://b:1935/live", 1), ("rtmp://c:1935/live", 2), ("rtmp://a:1935/live", 0)];

        assert_eq!(led(&at(1), "rtmp://b:1935/live"), expected.map(|(url, at)| (url.to_owned(), at)));
    }

    #[test]
    fn client_that_is_sent_elsewhere_goes_there_with_its_stream() {
        let places = at(0).follow(&Ok("rtmp://d:1936/stage".to_owned())).unwrap();

        let [place] = &places[..] else {
            panic!("{places:?}");
        };
        assert_eq!((place.target().tc_url(), place.target().stream(7)), ("rtmp://d:1936/stage".into(), "cam7".into()));
    }

    #[test]
    fn request_that_leads_nowhere_is_told() {
        let told = |asked: Asked| at(0).follow(&asked).unwrap_err();

        assert_eq!(told(Ok("rtmps://d/live".to_owned())), r#"tcUrl "rtmps://d/live": it does not begin with rtmp://"#);
        assert_eq!(told(Err(BadTcUrl::TooLong(5000))), "tcUrl of 5000 bytes exceeds the limit of 4096");
    }
}
