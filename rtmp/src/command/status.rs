//! The codes of status messages, as clients know them from Flash Media Server.

/// `_result` of an accepted connect.
pub const CONNECT_SUCCESS: &str = "NetConnection.Connect.Success";
/// The client may not connect, or not to this application; the connection is closed.
pub const CONNECT_REJECTED: &str = "NetConnection.Connect.Rejected";
/// There is no such application.
pub const CONNECT_INVALID_APP: &str = "NetConnection.Connect.InvalidApp";
/// The application is shutting down.
pub const CONNECT_APP_SHUTDOWN: &str = "NetConnection.Connect.AppShutdown";
/// The server could not look after the connect.
pub const CONNECT_FAILED: &str = "NetConnection.Connect.Failed";
/// The connection is closed by the server.
pub const CONNECT_CLOSED: &str = "NetConnection.Connect.Closed";
/// Enhanced RTMP: connect anew, perhaps elsewhere.
pub const CONNECT_RECONNECT_REQUEST: &str = "NetConnection.Connect.ReconnectRequest";
/// `_error` of a command that is unknown or failed.
pub const CALL_FAILED: &str = "NetConnection.Call.Failed";

/// A stream operation failed for a reason without a code of its own.
pub const FAILED: &str = "NetStream.Failed";

/// The publisher may send.
pub const PUBLISH_START: &str = "NetStream.Publish.Start";
/// The name is taken, or the stream is in use.
pub const PUBLISH_BAD_NAME: &str = "NetStream.Publish.BadName";
/// The stream has no media for longer than it should.
pub const PUBLISH_IDLE: &str = "NetStream.Publish.Idle";
/// The publisher has ended.
pub const UNPUBLISH_SUCCESS: &str = "NetStream.Unpublish.Success";
/// The stream can not be recorded.
pub const RECORD_NO_ACCESS: &str = "NetStream.Record.NoAccess";

/// The stream is about to play.
pub const PLAY_START: &str = "NetStream.Play.Start";
/// The playlist was cleared.
pub const PLAY_RESET: &str = "NetStream.Play.Reset";
/// Playing has ended.
pub const PLAY_STOP: &str = "NetStream.Play.Stop";
/// There is nothing to play.
pub const PLAY_STREAM_NOT_FOUND: &str = "NetStream.Play.StreamNotFound";
/// Playing failed for another reason.
pub const PLAY_FAILED: &str = "NetStream.Play.Failed";
/// A publisher of the stream has come.
pub const PLAY_PUBLISH_NOTIFY: &str = "NetStream.Play.PublishNotify";
/// The publisher of the stream has left.
pub const PLAY_UNPUBLISH_NOTIFY: &str = "NetStream.Play.UnpublishNotify";
/// The viewer is too slow: frames were left out.
pub const PLAY_INSUFFICIENT_BANDWIDTH: &str = "NetStream.Play.InsufficientBW";
/// The stream is paused.
pub const PAUSE_NOTIFY: &str = "NetStream.Pause.Notify";
/// The stream plays on.
pub const UNPAUSE_NOTIFY: &str = "NetStream.Unpause.Notify";
/// The position has changed.
pub const SEEK_NOTIFY: &str = "NetStream.Seek.Notify";
/// The stream can not be sought.
pub const SEEK_FAILED: &str = "NetStream.Seek.Failed";

/// The level of what went as it should.
pub(crate) const LEVEL_STATUS: &str = "status";
/// The level of what did not.
pub(crate) const LEVEL_ERROR: &str = "error";
