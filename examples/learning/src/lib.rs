//! What the examples that train and embed share.
