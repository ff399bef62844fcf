//! Python source as heapwise needs it: syntax tree, scopes, liveness of names, imports, edits.
