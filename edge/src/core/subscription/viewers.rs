//! The viewers of a stream at this edge: asked for, let in, seated.

use std::sync::Arc;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Client, Leave, Play};
use livecluster_mrtmp::id::ClientId;

use super::{Subscription, Viewer};
use crate::core::context::{ClientEvent, Context};

impl Subscription {
    pub fn add_viewer(&mut self, client: (ClientId, u32), asks: Arc<Client>, cx: &mut Context) {
        self.viewers.insert(client, Viewer { asks, granted: false, seated: false });
        cx.viewers.insert(client, self.key.clone());
        self.ask_for(client, cx);
    }

    pub fn remove_viewer(&mut self, client: (ClientId, u32), cx: &mut Context) {
        cx.viewers.remove(&client);
        if self.viewers.remove(&client).is_none() {
            return;
        }
        if let Some((link, _)) = self.asked().and_then(|source| source.link) {
            cx.control(link, Frame::Leave(Leave { client: client.0, stream_id: client.1 }));
        }
    }

    /// Asks the wanted origin to let a viewer in, if there is a link to it.
    fn ask_for(&self, client: (ClientId, u32), cx: &mut Context) {
        let (Some(viewer), Some((link, _))) = (self.viewers.get(&client), self.asked().and_then(|source| source.link))
        else {
            return;
        };
        let play = Play {
            client: client.0,
            stream_id: client.1,
            key: self.key.clone(),
            generation: cx.table.generation(),
            granted: viewer.granted,
            asks: Arc::clone(&viewer.asks),
        };
        cx.control(link, Frame::Play(play));
    }

    pub(super) fn ask_for_all(&self, cx: &mut Context) {
        for client in self.viewers.keys() {
            self.ask_for(*client, cx);
        }
    }

    pub fn joined(&mut self, client: (ClientId, u32), cx: &mut Context) {
        let Some(viewer) = self.viewers.get_mut(&client) else {
            return;
        };
        viewer.granted = true;
        if self.bound.as_ref().is_some_and(|source| source.flows) {
            self.seat_viewers(cx);
        }
    }

    /// Viewers that were let in are given the feed, once it is known what the stream shows.
    pub(super) fn seat_viewers(&mut self, cx: &mut Context) {
        for (client, viewer) in &mut self.viewers {
            if viewer.granted && !std::mem::replace(&mut viewer.seated, true) {
                cx.tell(*client, ClientEvent::Joined(Arc::clone(&self.feed)));
            }
        }
    }

    pub fn play_refused(&mut self, client: (ClientId, u32), code: String, description: String, cx: &mut Context) {
        cx.viewers.remove(&client);
        if self.viewers.remove(&client).is_some() {
            cx.tell(client, ClientEvent::PlayRefused { code, description });
        }
    }

    pub fn expelled(&mut self, client: (ClientId, u32), cx: &mut Context) {
        cx.viewers.remove(&client);
        if self.viewers.remove(&client).is_some() {
            cx.tell(client, ClientEvent::Expelled);
        }
    }
}
