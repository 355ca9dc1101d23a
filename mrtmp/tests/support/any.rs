//! Strategies for frames of every type.

use livecluster_mrtmp::frame::*;
use livecluster_mrtmp::id::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::parts::*;

pub fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![link_frame(), publish_frame(), channel_frame(), media_frame(), group_frame(), report_frame()]
}

fn link_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        any::<(u64, u64, u64)>().prop_map(|(sent, echo, generation)| Frame::Heartbeat(Heartbeat {
            sent,
            echo,
            generation
        })),
        ".{0,99}".prop_map(|reason| Frame::GoAway(GoAway { reason })),
    ]
}

fn publish_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (channel(), publication(), client(), any_key(), any::<u64>(), asks()).prop_map(
            |(channel, publication, client, key, generation, asks)| {
                Frame::Publish(Publish { channel, publication, client, key, generation, asks })
            }
        ),
        (channel(), grant()).prop_map(|(channel, grant)| Frame::Accepted(Accepted { channel, grant })),
        (channel(), "[A-Za-z.]{0,64}", ".{0,99}")
            .prop_map(|(channel, code, description)| { Frame::Refused(Refused { channel, code, description }) }),
        (asked(), any::<u64>()).prop_map(|(of, generation)| Frame::NotOwner(NotOwner { of, generation })),
        resume(),
    ]
}

fn resume() -> impl Strategy<Value = Frame> {
    let who = (channel(), publication(), client(), any_key(), any::<u64>(), grant());
    let what = (any::<u64>(), any::<u64>(), option::of(any::<u64>()), vec((name(), any::<u64>()), 0..9));
    (who, what).prop_map(|(who, what)| {
        let (channel, publication, client, key, generation, grant) = who;
        let (oldest, next, ended, map) = what;
        Frame::Resume(Resume { channel, publication, client, key, generation, grant, oldest, next, ended, map })
    })
}

fn channel_frame() -> impl Strategy<Value = Frame> {
    let edges = vec((name(), option::of(any::<u64>())), 0..9);
    prop_oneof![
        (channel(), any::<u64>()).prop_map(|(channel, next)| Frame::Have(Have { channel, next })),
        channel().prop_map(|channel| Frame::Nothing(Nothing { channel })),
        (channel(), any::<u64>()).prop_map(|(channel, last)| Frame::Revoked(Revoked { channel, last })),
        channel().prop_map(|channel| Frame::Withdraw(Withdraw { channel })),
        (channel(), name(), any::<u64>()).prop_map(|(channel, edge, next)| Frame::Subscriber(Subscriber {
            channel,
            edge,
            next
        })),
        (channel(), any::<u64>(), edges).prop_map(|(channel, next, edges)| Frame::Stable(Stable {
            channel,
            next,
            edges
        })),
        (channel(), any::<u64>()).prop_map(|(channel, oldest)| Frame::Trim(Trim { channel, oldest })),
        channel().prop_map(|channel| Frame::Probe(Probe { channel })),
        (channel(), any::<bool>()).prop_map(|(channel, silent)| Frame::Probed(Probed { channel, silent })),
    ]
}

fn media_frame() -> impl Strategy<Value = Frame> {
    let media = (any::<u32>(), any::<u64>(), any::<u32>(), any::<u8>(), vec(any::<u8>(), 0..999)).prop_map(
        |(id, sequence, timestamp, kind, payload)| Media { id, sequence, timestamp, kind, payload: payload.into() },
    );
    prop_oneof![
        media.clone().prop_map(Frame::Media),
        media.prop_map(Frame::Header),
        any::<(u32, u64)>().prop_map(|(id, sequence)| Frame::End(End { id, sequence })),
    ]
}

fn group_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (client(), any::<u32>(), any_key(), any::<u64>(), any::<bool>(), asks()).prop_map(
            |(client, stream_id, key, generation, granted, asks)| Frame::Play(Play {
                client,
                stream_id,
                key,
                generation,
                granted,
                asks
            })
        ),
        (client(), any::<u32>()).prop_map(|(client, stream_id)| Frame::Join(Join { client, stream_id })),
        (client(), any::<u32>(), "[A-Za-z.]{0,64}", ".{0,99}").prop_map(|(client, stream_id, code, description)| {
            Frame::PlayRefused(PlayRefused { client, stream_id, code, description })
        }),
        (client(), any::<u32>()).prop_map(|(client, stream_id)| Frame::Leave(Leave { client, stream_id })),
        (group(), any_key(), any::<u64>(), option::of((publication(), any::<u64>())))
            .prop_map(|(group, key, generation, at)| Frame::Watch(Watch { group, key, generation, at })),
        (group(), any::<bool>()).prop_map(|(group, moves)| Frame::Unwatch(Unwatch { group, moves })),
        from(),
        (group(), any::<bool>()).prop_map(|(group, held)| Frame::Awaiting(Awaiting { group, held })),
        (group(), publication(), any::<u64>()).prop_map(|(group, publication, next)| Frame::Ack(Ack {
            group,
            publication,
            next
        })),
    ]
}

fn from() -> impl Strategy<Value = Frame> {
    let cause = prop_oneof![Just(Cause::Continue), Just(Cause::Discontinuity), Just(Cause::Change), Just(Cause::Local)];
    (group(), publication(), term(), any::<u64>(), cause, option::of((publication(), any::<u64>()))).prop_map(
        |(group, publication, term, next, cause, previous)| {
            Frame::From(From { group, publication, term, next, cause, previous })
        },
    )
}

fn report_frame() -> impl Strategy<Value = Frame> {
    let state = (name(), option::of((publication(), term())), any::<bool>())
        .prop_map(|(origin, publication, held)| StreamState { origin, publication, held });
    let boot = option::of(any::<u64>().prop_map(BootId));
    prop_oneof![
        (any::<bool>(), any::<u64>(), vec((any_key(), option::of(state)), 0..9))
            .prop_map(|(complete, generation, streams)| Frame::Streams(Streams { complete, generation, streams })),
        (vec((name(), boot, any::<bool>()), 0..9), any::<u64>())
            .prop_map(|(origins, connections)| Frame::Links(Links { origins, connections })),
    ]
}
