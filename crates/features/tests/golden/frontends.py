"""Makes the golden values of tests/golden_frontends.rs.

    pip install librosa==0.11.0 torch==2.11.0 torchaudio==2.11.0 kaldi-native-fbank==1.22.5 essentia==2.1b6.dev1389
    python3 frontends.py

librosa, torchaudio (its transforms and torchaudio.compliance.kaldi), kaldi-native-fbank (native_*) and Essentia's
TensorflowInputMusiCNN (essentia_run) are run. torchaudio is run in double precision, so that its own rounding is not
in the values; the last two have single precision alone.

VGGish, YAMNet, OpenL3, CLAP and musicnn are not run, as they need TensorFlow or a model's checkpoint: their formulas
are written down here again, in numpy and double precision, from the references' code (tensorflow/models
research/audioset, marl/openl3 with kapre, LAION-AI/CLAP, jordipons/musicnn).

Writes frontends.bin beside this script, in the format that common.py tells. A case's first word is the front end, or
a torchaudio transform; `patch=i patches=n` is the i-th of n patches.
"""

import warnings

import essentia
import essentia.standard as es
import kaldi_native_fbank as knf
import librosa
import numpy as np
import torch
import torchaudio
import torchaudio.compliance.kaldi as kaldi

from common import signal, write

assert librosa.__version__.startswith("0.11."), librosa.__version__
assert torchaudio.__version__.startswith("2.11."), torchaudio.__version__
assert essentia.__version__.startswith("2.1-beta6"), essentia.__version__
warnings.simplefilter("ignore")
essentia.log.infoActive = essentia.log.warningActive = False
torch.set_default_dtype(torch.float64)


def spectra(y, window, n_fft, hop):
    """Magnitudes of the frames that the signal fills, [frame, bin]; zeros after the window."""
    frames = np.lib.stride_tricks.sliding_window_view(y, len(window))[::hop]
    return np.abs(np.fft.rfft(frames * window, n_fft))


def hann(length):
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def mel_of(hz):
    return 1127.0 * np.log(1.0 + hz / 700.0)


def audioset_filters():
    """[bin, band]: 64 triangles from 125 to 7500 Hz, straight in mel, over 257 bins up to 8000 Hz; none at 0 Hz."""
    edges = np.linspace(mel_of(125.0), mel_of(7500.0), 66)
    at = mel_of(np.linspace(0.0, 8000.0, 257))[:, None]
    left, peak, right = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((at - left) / (peak - left), (right - at) / (right - peak)))
    weights[0] = 0.0
    return weights


def audioset(y, offset):
    return np.log(spectra(y, hann(400), 512, 160) @ audioset_filters() + offset)


def pieces(frames, length, hop):
    return [frames[i : i + length] for i in range(0, len(frames) - length + 1, hop)]


def vggish(y):
    frames = audioset(y, 0.01)
    return frames, pieces(frames, 96, 96)


def yamnet(y):
    seconds = 0.96 + 0.025 - 0.010
    least, hop = int(seconds * 16000), int(0.48 * 16000)
    length = max(len(y), least)
    length = least + int(np.ceil((length - least) / hop)) * hop
    frames = audioset(np.pad(y, (0, length - len(y))), 0.001)
    return frames, pieces(frames, 96, 48)


def openl3_item(y, n_mels):
    if n_mels is None:
        x = spectra(y, hann(512), 512, 242)
    else:
        frames = -(-len(y) // 242)
        x = spectra(np.pad(y, (0, 242 * (frames - 1) + 2048 - len(y))), hann(2048), 2048, 242)
        x = x @ librosa.filters.mel(sr=48000, n_fft=2048, n_mels=n_mels).T.astype(np.float64)
    db = 10.0 * np.log10(np.maximum(x, 1e-10))
    return np.maximum(db - db.max(), -80.0)


def openl3(y, n_mels):
    padded = np.pad(y, (24000, 0))
    if len(padded) < 48000:
        padded = np.pad(padded, (0, 48000 - len(padded)))
    rest = len(padded) - 48000
    padded = np.pad(padded, (0, int(np.ceil(rest / 4800)) * 4800 - rest))
    windows = [padded[i : i + 48000] for i in range(0, len(padded) - 48000 + 1, 4800)]
    whole = openl3_item(y, n_mels) if n_mels or len(y) >= 512 else None
    return whole, [openl3_item(window, n_mels) for window in windows]


def clap_mel(y):
    x = (np.clip(y.astype(np.float32), -1.0, 1.0) * np.float32(32767.0)).astype(np.int16)
    x = (x / np.float32(32767.0)).astype(np.float32)
    mel = torchaudio.transforms.MelSpectrogram(
        sample_rate=48000, n_fft=1024, win_length=1024, hop_length=480, center=True, pad_mode="reflect", power=2.0,
        norm=None, n_mels=64, f_min=50, f_max=14000,
    )(torch.from_numpy(x).double())
    return torchaudio.transforms.AmplitudeToDB(top_db=None)(mel).numpy().T


def clap(y):
    if len(y) <= 480000:
        x = np.tile(y, 480000 // len(y))
        windows = [np.pad(x, (0, 480000 - len(x)))]
    else:  # ours: the reference draws one window
        starts = list(range(0, len(y) - 480000 + 1, 480000))
        if starts[-1] + 480000 < len(y):
            starts.append(len(y) - 480000)
        windows = [y[start : start + 480000] for start in starts]
    # The reference's padding cannot reflect a signal shorter than itself.
    return clap_mel(y) if len(y) > 512 else None, [clap_mel(window) for window in windows]


def musicnn(y):
    mel = librosa.feature.melspectrogram(y=y, sr=16000, n_fft=512, hop_length=256, n_mels=96).T
    frames = np.log10(10000.0 * mel + 1.0)
    return frames, pieces(frames, 187, 187)


def essentia_run(y):
    cut = es.FrameGenerator(y, frameSize=512, hopSize=256, startFromZero=True)
    bands = es.TensorflowInputMusiCNN()
    return np.array([bands(frame) for frame in cut])


def essentia_musicnn(y):
    """Essentia's formula. Its single precision is off by up to 5e-4 in quiet bands, see the case essentia_run."""
    last = max(0, -(-(len(y) - 512) // 256))
    z = np.pad(y.astype(np.float64), (0, 512 + 256 * last - len(y)))
    symmetric = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 511)
    filters = librosa.filters.mel(sr=16000, n_fft=512, n_mels=96).T.astype(np.float64)
    frames = np.log10(1.0 + 10000.0 * (spectra(z, symmetric, 512, 256) ** 2 @ filters))
    return frames, pieces(frames, 187, 93)


def ours(name, y):
    """The whole clip's features and the patches, [frame, coefficient] each."""
    z = y.astype(np.float64)
    if name.startswith("openl3"):
        return openl3(z, {"linear": None, "mel128": 128, "mel256": 256}[name.removeprefix("openl3_")])
    if name in ("musicnn", "essentia_musicnn", "clap"):
        return {"musicnn": musicnn, "essentia_musicnn": essentia_musicnn, "clap": clap}[name](y)
    return {"vggish": vggish, "yamnet": yamnet}[name](z)


def torch_mel(y, sr, p):
    return torchaudio.transforms.MelSpectrogram(
        sample_rate=sr,
        n_fft=p.get("n_fft", 400),
        win_length=p.get("win_length"),
        hop_length=p.get("hop_length"),
        n_mels=p.get("n_mels", 128),
        f_min=p.get("fmin", 0.0),
        f_max=p.get("fmax"),
        power=p.get("power", 2.0),
        center=not p.get("no_center", False),
        pad_mode="constant" if p.get("pad_mode") == "zeros" else "reflect",
        norm="slaney" if p.get("norm") == "slaney" else None,
        mel_scale="slaney" if p.get("scale") == "slaney" else "htk",
        window_fn={"hann": torch.hann_window, "hamming": torch.hamming_window, "blackman": torch.blackman_window}[
            p.get("window", "hann")
        ],
        wkwargs=dict(periodic=False) if p.get("symmetric") else None,
    )(torch.from_numpy(y).double())


def torch_db(power, top_db):
    return torchaudio.transforms.AmplitudeToDB("power", top_db)(power)


def torch_mfcc(db, n_mfcc):
    """What torchaudio.transforms.MFCC does after its AmplitudeToDB."""
    dct = torchaudio.functional.create_dct(n_mfcc, db.shape[0], "ortho")
    return torch.matmul(db.T, dct).T


def check_torch_mfcc():
    """That the two functions above are MFCC's parts."""
    y = signal("tones", 16000, 8001)
    whole = torchaudio.transforms.MFCC(sample_rate=16000, n_mfcc=40)(torch.from_numpy(y).double())
    parts = torch_mfcc(torch_db(torch_mel(y, 16000, {}), 80.0), 40)
    assert torch.equal(whole, parts)


KALDI = dict(
    num_mel_bins="num_mel_bins", frame_length="frame_length", frame_shift="frame_shift", low_freq="low_freq",
    high_freq="high_freq", preemphasis_coefficient="preemphasis_coefficient", snip_edges="snip_edges",
    remove_dc_offset="remove_dc_offset", round_to_power_of_two="round_to_power_of_two", use_energy="use_energy",
    raw_energy="raw_energy", energy_floor="energy_floor", window_type="window_type",
)


def torch_kaldi(feature, y, sr, p):
    names = dict(KALDI)
    if feature == "kaldi_fbank":
        names.update(use_power="use_power", use_log_fbank="use_log_fbank")
    else:
        names.update(num_ceps="num_ceps", cepstral_lifter="cepstral_lifter")
    settings = {names[key]: value for key, value in p.items()}
    wave = torch.from_numpy(y).double()[None] * 32768.0
    return getattr(kaldi, feature.removeprefix("kaldi_"))(wave, sample_frequency=sr, dither=0.0, **settings).numpy().T


def native_kaldi(feature, y, sr, num_mel_bins, num_ceps=13):
    options = knf.FbankOptions() if feature == "native_fbank" else knf.MfccOptions()
    options.frame_opts.samp_freq = sr
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = num_mel_bins
    options.use_energy = False
    if feature == "native_mfcc":
        options.num_ceps = num_ceps
    run = (knf.OnlineFbank if feature == "native_fbank" else knf.OnlineMfcc)(options)
    run.accept_waveform(sr, (y * np.float32(32768.0)).tolist())
    run.input_finished()
    return np.array([run.get_frame(i) for i in range(run.num_frames_ready)]).T


LIMITS = (16, 7)


def front_ends():
    at_16k = [("tones", 16000, 32001), ("chirp", 16000, 48000), ("steps", 16000, 31999), ("music", 16000, 50001)]
    at_16k += [("impulse", 16000, 20001), ("silence", 16000, 17000), ("noise", 16000, 15599), ("noise", 16000, 15601)]
    at_16k += [("tones", 16000, 400), ("tones", 16000, 777)]
    at_48k = [("tones", 48000, 60001), ("music", 48000, 50001), ("chirp", 48000, 48000), ("impulse", 48000, 24001)]
    at_48k += [("silence", 48000, 30000), ("noise", 48000, 999)]
    longer = {"clap": [("music", 48000, 600001), ("steps", 48000, 480000), ("noise", 48000, 100)]}
    longer["musicnn"] = longer["essentia_musicnn"] = [("music", 16000, 112001)]
    longer["yamnet"] = [("tones", 16000, 1), ("music", 16000, 23281)]
    longer["openl3_linear"] = longer["openl3_mel128"] = [("tones", 48000, 1)]
    for name in ["vggish", "yamnet", "musicnn", "essentia_musicnn"]:
        for s in at_16k + longer.get(name, []):
            yield name, s
    for name in ["openl3_linear", "openl3_mel128", "openl3_mel256", "clap"]:
        signals = at_48k if name != "clap" else at_48k[:3] + at_48k[4:]
        for s in signals + longer.get(name, []):
            yield name, s


def results():
    check_torch_mfcc()
    for name, s in front_ends():
        whole, patches = ours(name, signal(*s))
        if whole is not None:
            yield name, s, {}, whole.T, LIMITS
        if name == "essentia_musicnn":
            yield "essentia_run", s, {}, essentia_run(signal(*s)).T, LIMITS
        for i in sorted({0, len(patches) - 1}) if patches else []:
            yield name, s, dict(patch=i, patches=len(patches)), patches[i].T, LIMITS
        if not patches:
            yield name, s, dict(patches=0), np.zeros((1, 1)), LIMITS

    base = [("tones", 16000, 16001), ("chirp", 16000, 24000), ("steps", 16000, 16000), ("music", 16000, 16001)]
    base += [("noise", 22050, 11025), ("impulse", 16000, 8001), ("silence", 16000, 4000)]
    for s in base:
        kind, sr, n = s
        y = signal(*s)
        yield "librosa", s, {}, librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sr)), LIMITS
        if sr == 16000:
            yield "torchaudio", s, {}, torch_db(torch_mel(y, sr, {}), 80.0).numpy(), LIMITS
    tones, music = ("tones", 16000, 16001), ("music", 22050, 22051)
    settings = [
        dict(),
        dict(n_fft=1024, hop_length=256, n_mels=64),
        dict(n_fft=512, win_length=401, hop_length=160, n_mels=40, fmin=20.0, fmax=7600.0),
        dict(n_fft=1024, scale="slaney", norm="slaney", pad_mode="zeros"),
        dict(n_fft=1024, norm="slaney", n_mels=80),
        dict(n_fft=1024, scale="slaney", n_mels=80),
        dict(n_fft=400, no_center=True, power=1.0, n_mels=64),
        dict(n_fft=400, window="hamming", n_mels=64),
        dict(n_fft=400, symmetric=True, n_mels=64),
        dict(n_fft=512, window="blackman", symmetric=True, n_mels=64),
    ]
    for s in [tones, music, ("steps", 16000, 16000), ("noise", 16000, 9999)]:
        kind, sr, n = s
        for p in settings:
            mel = torch_mel(signal(*s), sr, p)
            yield "torch_mel", s, p, mel.numpy(), LIMITS
            yield "torch_db", s, p, torch_db(mel, 80.0).numpy(), LIMITS
            n_mfcc = min(40, mel.shape[0])
            yield "torch_mfcc", s, dict(p, n_mfcc=n_mfcc), torch_mfcc(torch_db(mel, 80.0), n_mfcc).numpy(), LIMITS
    for p in [dict(), dict(n_fft=1024, n_mels=64)]:
        yield "torch_db", tones, dict(p, top_db="none"), torch_db(torch_mel(signal(*tones), 16000, p), None).numpy(), LIMITS

    fbank = [
        dict(),
        dict(num_mel_bins=80),
        dict(num_mel_bins=40, window_type="hamming", low_freq=0.0, high_freq=-400.0),
        dict(window_type="hanning", preemphasis_coefficient=0.0, remove_dc_offset=False),
        dict(window_type="blackman", frame_length=20.0, frame_shift=12.5, high_freq=3500.0),
        dict(window_type="rectangular", round_to_power_of_two=False),
        dict(snip_edges=False, num_mel_bins=64),
        dict(use_power=False),
        dict(use_log_fbank=False),
        dict(use_energy=True),
        dict(use_energy=True, raw_energy=False, energy_floor=0.0),
    ]
    for s in base + [("tones", 8000, 4001)]:
        kind, sr, n = s
        y = signal(*s)
        for p in fbank if kind in ("tones", "steps") else fbank[:2] + fbank[6:7]:
            yield "kaldi_fbank", s, p, torch_kaldi("kaldi_fbank", y, sr, p), LIMITS
        mfcc = [dict(), dict(num_ceps=20, num_mel_bins=40), dict(cepstral_lifter=0.0), dict(use_energy=True)]
        for p in mfcc:
            yield "kaldi_mfcc", s, p, torch_kaldi("kaldi_mfcc", y, sr, p), LIMITS
    for s in [("noise", 16000, 16001), ("noise", 22050, 22050)]:
        kind, sr, n = s
        y = signal(*s)
        for bins in [23, 80]:
            yield "native_fbank", s, dict(num_mel_bins=bins), native_kaldi("native_fbank", y, sr, bins), LIMITS
        yield "native_mfcc", s, dict(num_mel_bins=23), native_kaldi("native_mfcc", y, sr, 23), LIMITS


write("frontends.bin", results())
