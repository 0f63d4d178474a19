//! STFT, mel spectrograms and MFCC that equal librosa's, for audio similarity.
