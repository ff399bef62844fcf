//! The library in the profiled process: hooks, sampling, recording into the mapped capture.
