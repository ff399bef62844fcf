//! Pure functions over a profile: high-water mark, leaks, temporaries, time line.
