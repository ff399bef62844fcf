//! Findings: what to change and how many bytes the peak would fall by. One rule, one file.
