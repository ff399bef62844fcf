//! Makes captures in memory for the tests of the crates that read them.
