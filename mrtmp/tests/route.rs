//! The vectors of `route.json`: what any other implementation of `rendezvous-1` must agree with.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use livecluster_mrtmp::route::rendezvous::Rank;
use livecluster_mrtmp::route::{Document, Key, Origin, State, Table};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    keys: Vec<KeyVector>,
    routes: Vec<RouteVector>,
    ties: Vec<TieVector>,
}

/// A key, and its digest in hexadecimal.
#[derive(Deserialize)]
struct KeyVector {
    app: String,
    name: String,
    key: String,
    digest: String,
}

/// Every active origin's weight in hexadecimal, and who gets the key.
#[derive(Deserialize)]
struct RouteVector {
    key: String,
    weights: BTreeMap<String, String>,
    origin: String,
}

/// Names of equal weight, and which is the greater.
#[derive(Deserialize)]
struct TieVector {
    names: Vec<String>,
    origin: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("route.json")).expect("valid")
}

#[test]
fn keys_and_digests_agree_with_the_vectors() {
    for vector in vectors().keys {
        let key = Key::of(&vector.app, &vector.name).expect("valid");

        assert_eq!(key.as_str(), vector.key);
        assert_eq!(format!("{:032x}", key.digest()), vector.digest, "{key}");
    }
}

#[test]
fn weights_and_routes_agree_with_the_vectors() {
    for RouteVector { key, weights, origin } in vectors().routes {
        let key = Key::parse(&key).expect("valid");
        let origins = weights.keys().map(|name| Origin {
            name: name.as_str().into(),
            address: "host:1936".to_owned(),
            state: State::Active,
        });
        let table = Table::from(Document { origins: origins.collect(), ..Document::default() });

        for (name, weight) in &weights {
            assert_eq!(&format!("{:016x}", Rank::of(&key, name).weight), weight, "{key} {name}");
        }
        assert_eq!(&*table.route(&key).expect("an active origin").name, origin, "{key}");
    }
}

#[test]
fn of_equal_weights_the_lower_name_wins() {
    for TieVector { names, origin } in vectors().ties {
        let greatest = names.iter().max_by_key(|name| Rank { weight: 5, name: Reverse(name.as_str()) });

        assert_eq!(greatest, Some(&origin));
    }
}
