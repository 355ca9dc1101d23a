//! Strategies for what frames are made of.

use std::sync::Arc;

use livecluster_mrtmp::frame::*;
use livecluster_mrtmp::id::*;
use livecluster_mrtmp::route::Key;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        channel().prop_map(Asked::Channel),
        group().prop_map(Asked::Group),
        (client(), any::<u32>()).prop_map(|(client, stream_id)| Asked::Play(client, stream_id)),
    ]
}

pub fn asks() -> impl Strategy<Value = Arc<Client>> {
    (".{0,20}", ".{0,20}", ".{0,20}", "[0-9a-f:]{0,39}")
        .prop_map(|(app, tc_url, query, address)| Arc::new(Client { app, tc_url, query, address }))
}

pub fn grant() -> impl Strategy<Value = Grant> {
    (term(), vec(any::<u8>(), 0..40), any::<bool>(), option::of((publication(), any::<u64>()))).prop_map(
        |(term, identity, provisional, previous)| Grant { term, identity: identity.into(), provisional, previous },
    )
}

pub fn any_key() -> impl Strategy<Value = Key> {
    "[a-z]{1,9}(/[a-z]{1,9}){1,3}".prop_map(|text| super::key(&text))
}

pub fn name() -> impl Strategy<Value = Name> {
    "[a-z0-9-]{1,20}".prop_map(Name::from)
}

pub fn publication() -> impl Strategy<Value = PublicationId> {
    any::<(u64, u64)>().prop_map(|(edge, counter)| PublicationId { edge: BootId(edge), counter })
}

pub fn term() -> impl Strategy<Value = Term> {
    any::<(u64, u64)>().prop_map(|(generation, counter)| Term { generation, counter })
}

pub fn channel() -> impl Strategy<Value = Channel> {
    any::<u32>().prop_map(Channel)
}

pub fn group() -> impl Strategy<Value = Group> {
    any::<u32>().prop_map(Group)
}

pub fn client() -> impl Strategy<Value = ClientId> {
    any::<u64>().prop_map(ClientId)
}
