//! Contrastive losses on burn tensors, equal to their PyTorch references.
