//! Walks the live objects of the running CPython: what they are, their bytes, who holds them.
