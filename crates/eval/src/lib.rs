//! Retrieval metrics with confidence intervals, and reports with pictures.
