//! Opens a capture read-only and replays its events.
