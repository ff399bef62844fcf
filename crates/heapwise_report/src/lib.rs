//! The report model and its renderers: text and JSON.
