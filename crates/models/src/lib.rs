//! Audio encoders in burn, with fast operations for CPUs and checkpoints in safetensors.
