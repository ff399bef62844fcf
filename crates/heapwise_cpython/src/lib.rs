//! Reads the frames of the CPython that this process runs. All version knowledge is here.
