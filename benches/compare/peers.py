"""The other libraries, each as functions that make a closure from samples: everything that can be planned or prepared
once is outside of it.

Import this before numpy: it holds every library to one thread.
"""

import importlib
import os

for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"]:
    os.environ[variable] = "1"

import numpy as np

N_FFT, HOP, N_MELS, N_MFCC = 2048, 512, 128, 20


class Librosa:
    name = "librosa"

    def __init__(self):
        import librosa

        self.version = librosa.__version__
        self.rosa = librosa

    def stft(self, y, sr):
        return lambda: self.rosa.stft(y, n_fft=N_FFT, hop_length=HOP)

    def magnitude(self, y, sr):
        return lambda: np.abs(self.rosa.stft(y, n_fft=N_FFT, hop_length=HOP))

    def istft(self, y, sr):
        spectrum = self.rosa.stft(y, n_fft=N_FFT, hop_length=HOP)
        return lambda: self.rosa.istft(spectrum, hop_length=HOP)

    def mel(self, y, sr):
        return lambda: self.rosa.feature.melspectrogram(y=y, sr=sr, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS)

    def logmel(self, y, sr):
        mel = self.mel(y, sr)
        return lambda: self.rosa.power_to_db(mel())

    def mfcc(self, y, sr):
        return lambda: self.rosa.feature.mfcc(y=y, sr=sr, n_mfcc=N_MFCC, n_fft=N_FFT, hop_length=HOP)

    def chroma(self, y, sr):
        return lambda: self.rosa.feature.chroma_stft(y=y, sr=sr, n_fft=N_FFT, hop_length=HOP, tuning=0.0)

    def contrast(self, y, sr):
        return lambda: self.rosa.feature.spectral_contrast(y=y, sr=sr, n_fft=N_FFT, hop_length=HOP)

    def centroid(self, y, sr):
        return lambda: self.rosa.feature.spectral_centroid(y=y, sr=sr, n_fft=N_FFT, hop_length=HOP)

    def several(self, y, sr):
        """As an expert writes it: one transform, passed on to all."""

        def compute():
            magnitude = np.abs(self.rosa.stft(y, n_fft=N_FFT, hop_length=HOP))
            power = magnitude**2
            feature = self.rosa.feature
            mel = feature.melspectrogram(S=power, sr=sr, n_mels=N_MELS)
            db = self.rosa.power_to_db(mel)
            return [
                mel,
                db,
                feature.mfcc(S=db, n_mfcc=N_MFCC),
                feature.chroma_stft(S=power, sr=sr, tuning=0.0),
                feature.spectral_contrast(S=magnitude, sr=sr),
                feature.spectral_centroid(S=magnitude, sr=sr),
            ]

        return compute


class LibrosaEach(Librosa):
    """Several features as most people write them: from the samples each time."""

    name = "librosa, each by itself"

    def several(self, y, sr):
        each = [f(y, sr) for f in [self.mel, self.logmel, self.mfcc, self.chroma, self.contrast, self.centroid]]
        return lambda: [compute() for compute in each]


class Torchaudio:
    name = "torchaudio"

    def __init__(self):
        import torch
        import torchaudio

        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        self.version = f"{torchaudio.__version__} (torch {torch.__version__})"
        self.torch, self.audio = torch, torchaudio
        self.mel_arguments = dict(
            n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS, norm="slaney", mel_scale="slaney", pad_mode="constant"
        )

    def apply(self, module, y):
        samples = self.torch.from_numpy(y)
        return lambda: module(samples)

    def stft(self, y, sr):
        return self.apply(
            self.audio.transforms.Spectrogram(N_FFT, hop_length=HOP, power=None, pad_mode="constant"), y
        )

    def magnitude(self, y, sr):
        return self.apply(
            self.audio.transforms.Spectrogram(N_FFT, hop_length=HOP, power=1, pad_mode="constant"), y
        )

    def istft(self, y, sr):
        spectrum = self.stft(y, sr)()
        inverse = self.audio.transforms.InverseSpectrogram(N_FFT, hop_length=HOP, pad_mode="constant")
        return lambda: inverse(spectrum)

    def mel(self, y, sr):
        return self.apply(self.audio.transforms.MelSpectrogram(sr, **self.mel_arguments), y)

    def logmel(self, y, sr):
        mel = self.audio.transforms.MelSpectrogram(sr, **self.mel_arguments)
        return self.apply(self.torch.nn.Sequential(mel, self.audio.transforms.AmplitudeToDB("power", 80.0)), y)

    def mfcc(self, y, sr):
        return self.apply(self.audio.transforms.MFCC(sr, n_mfcc=N_MFCC, melkwargs=self.mel_arguments), y)

    def centroid(self, y, sr):
        return self.apply(self.audio.transforms.SpectralCentroid(sr, n_fft=N_FFT, hop_length=HOP), y)

    def fbank(self, y, sr):
        samples = self.torch.from_numpy(y)[None] * 32768
        fbank = importlib.import_module("torchaudio.compliance.kaldi").fbank
        return lambda: fbank(samples, sample_frequency=sr, num_mel_bins=80, dither=0.0)


class AudioFlux:
    name = "audioFlux"

    def __init__(self):
        import audioflux
        from audioflux import type as types

        self.version = audioflux.__version__
        self.flux, self.types = audioflux, types

    def plan(self, sr):
        t = self.types
        return self.flux.BFT(
            num=N_MELS, radix2_exp=N_FFT.bit_length() - 1, samplate=sr, low_fre=0.0, high_fre=sr / 2,
            window_type=t.WindowType.HANN, slide_length=HOP, scale_type=t.SpectralFilterBankScaleType.MEL,
            style_type=t.SpectralFilterBankStyleType.SLANEY, normal_type=t.SpectralFilterBankNormalType.AREA,
            data_type=t.SpectralDataType.POWER,
        )  # fmt: skip

    def mel(self, y, sr):
        plan = self.plan(sr)
        return lambda: plan.bft(y, result_type=1)

    def mfcc(self, y, sr):
        plan, cepstrum = self.plan(sr), self.flux.XXCC(num=N_MELS)
        cepstrum.set_time_length(time_length=plan.bft(y, result_type=1).shape[-1])
        return lambda: cepstrum.xxcc(plan.bft(y, result_type=1), cc_num=N_MFCC)


class Essentia:
    name = "essentia"

    def __init__(self):
        import essentia
        import essentia.standard

        essentia.log.infoActive = essentia.log.warningActive = False
        self.version = essentia.__version__
        self.es = essentia.standard

    def steps(self, sr):
        es = self.es
        window = es.Windowing(type="hann", normalized=False, zeroPhase=False)
        bands = es.MelBands(
            numberBands=N_MELS, sampleRate=sr, highFrequencyBound=sr / 2, inputSize=N_FFT // 2 + 1,
            warpingFormula="slaneyMel", weighting="linear", normalize="unit_tri", type="power",
        )  # fmt: skip
        return window, es.PowerSpectrum(size=N_FFT), bands

    def frames(self, y):
        return self.es.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP, startFromZero=False)

    def mel(self, y, sr):
        window, power, bands = self.steps(sr)
        return lambda: [bands(power(window(frame))) for frame in self.frames(y)]

    def mfcc(self, y, sr):
        window, power, _ = self.steps(sr)
        mfcc = self.es.MFCC(
            numberBands=N_MELS, numberCoefficients=N_MFCC, sampleRate=sr, highFrequencyBound=sr / 2,
            inputSize=N_FFT // 2 + 1, warpingFormula="slaneyMel", weighting="linear", normalize="unit_tri",
            type="power", logType="dbpow",
        )  # fmt: skip
        return lambda: [mfcc(power(window(frame)))[1] for frame in self.frames(y)]


class KaldiNativeFbank:
    name = "kaldi-native-fbank"

    def __init__(self):
        import importlib.metadata

        import kaldi_native_fbank

        self.version = importlib.metadata.version("kaldi_native_fbank")
        self.knf = kaldi_native_fbank

    def fbank(self, y, sr):
        samples = y * 32768

        def compute():
            options = self.knf.FbankOptions()
            options.frame_opts.dither = 0.0
            options.frame_opts.samp_freq = sr
            options.mel_opts.num_bins = 80
            fbank = self.knf.OnlineFbank(options)
            fbank.accept_waveform(sr, samples)
            fbank.input_finished()
            return [fbank.get_frame(i) for i in range(fbank.num_frames_ready)]

        return compute


def installed():
    """The libraries that are there."""
    found = []
    for peer in [Librosa, LibrosaEach, Torchaudio, AudioFlux, Essentia, KaldiNativeFbank]:
        try:
            found.append(peer())
        except Exception as error:  # broken installations raise all sorts
            print(f"without {peer.name}: {type(error).__name__}: {error}")
    return found
