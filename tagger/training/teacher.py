"""Ask the teacher, MusiCNN, about a folder of music: python -m tagger.training.teacher FOLDER

It needs TensorFlow, so it has an environment of its own, with this repository as the working folder:

    pip install tensorflow-cpu==2.15.1 librosa 'numpy<2' && pip install --no-deps musicnn==0.1.0

Pons & Serra 2019 ("musicnn: pre-trained convolutional neural networks for music audio tagging"), ISC licence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import librosa
import numpy as np
from numpy.typing import NDArray

from tagger.files import AudioFile
from tagger.types import FloatArray
from tagger.walk import walk

FILE = "teacher.npz"

SAMPLE_RATE_HZ, N_FFT, HOP_LENGTH, N_MELS, PATCH_FRAMES = 16_000, 512, 256, 96, 187
"""The front end of MusiCNN: patches of 2.99 s."""

NETWORKS = {"msd": "MSD_musicnn", "mtt": "MTT_musicnn"}
N_TAGS = 50

# fmt: off
TAG_NAMES = {
    "msd": (
        "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
        "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists",
        "classic rock", "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s",
        "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic",
        "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country",
        "easy listening", "sexy", "catchy", "funk", "electro", "heavy metal", "Progressive rock",
        "60s", "rnb", "indie pop", "sad", "House", "happy",
    ),
    "mtt": (
        "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast",
        "piano", "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera",
        "male", "singing", "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute",
        "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic",
        "choir", "voice", "new age", "dance", "male voice", "female vocal", "beats", "harp",
        "cello", "no voice", "weird", "country", "metal", "female voice", "choral",
    ),
}
# fmt: on
"""The tags, in the order of each network's outputs."""

LONGEST_S = 60.0
"""Read of one file; cut long tracks into pieces, so that the answers are of the sound to learn from."""

Ask = Callable[[NDArray[np.float32]], tuple[FloatArray, FloatArray]]


def teach(folder: str, networks: dict[str, Ask]) -> int:
    """Write `teacher.npz` into `folder`; gives the number of files that it answers for.

    `path` (n,), relative to the folder; `msd` and `mtt` (n, 50), mean tag probabilities; `embedding`
    (n, 200), the mean of MSD's penultimate layer; float16. `networks` maps patches (n, 187, 96) to tags
    (n, 50) and embeddings (n, 200). Files that cannot be read are named on stderr and left out.
    """
    rows: dict[str, list[object]] = {"path": [], "msd": [], "mtt": [], "embedding": []}
    for path in _music(folder):
        try:
            patches = patches_of(os.path.join(folder, path))
        except Exception as error:
            print(f"teacher: {path}: {error} (left out)", file=sys.stderr)
            continue
        msd, embedding = networks["msd"](patches)
        mtt, _ = networks["mtt"](patches)
        rows["path"].append(path)
        for name, values in (("msd", msd), ("mtt", mtt), ("embedding", embedding)):
            rows[name].append(values.mean(axis=0).astype(np.float16))
    stacked = {name: np.array(values) for name, values in rows.items()}
    np.savez(os.path.join(folder, FILE), **stacked)  # type: ignore[arg-type]
    return len(rows["path"])


def patches_of(path: str) -> NDArray[np.float32]:
    """Make the log-mels of consecutive patches of a file, (n, 187, 96); a short file is repeated to one.

    As `musicnn.extractor.batch_data` makes them, but that a file shorter than a patch is not lost, and that
    loud sound does not overflow float16.
    """
    samples, _ = librosa.load(path, sr=SAMPLE_RATE_HZ, mono=True, duration=LONGEST_S)
    shortest = PATCH_FRAMES * HOP_LENGTH
    if len(samples) < shortest:
        samples = np.tile(samples, -(-shortest // max(1, len(samples))))[:shortest]
    mel = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE_HZ, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS
    )
    frames = np.log10(10_000 * mel.T.astype(np.float16).astype(np.float32) + 1)
    n = len(frames) // PATCH_FRAMES
    return frames[: n * PATCH_FRAMES].reshape(n, PATCH_FRAMES, N_MELS)


def load(network: str) -> Ask:
    """Load one of `NETWORKS`, with the weights that its package carries."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import musicnn
    import tensorflow as tf
    from musicnn import models

    graph = tf.Graph()
    with graph.as_default():
        patches = tf.compat.v1.placeholder(tf.float32, [None, PATCH_FRAMES, N_MELS])
        is_training = tf.compat.v1.placeholder(tf.bool)
        with tf.name_scope("model"):
            logits, *_, penultimate = models.define_model(patches, is_training, network, N_TAGS)
        outputs = [tf.nn.sigmoid(logits), penultimate]
        session = tf.compat.v1.Session(graph=graph)
        tf.compat.v1.train.Saver().restore(session, f"{os.path.dirname(musicnn.__file__)}/{network}/")

    def ask(batch: NDArray[np.float32]) -> tuple[FloatArray, FloatArray]:
        tags, embedding = session.run(outputs, {patches: batch, is_training: False})
        return tags, embedding

    return ask


def _music(folder: str) -> Iterator[str]:
    root = os.path.abspath(folder)
    yield from (os.path.relpath(f.path, root) for f in walk([root]) if isinstance(f, AudioFile))


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit("usage: python -m tagger.training.teacher FOLDER")
    n_files = teach(sys.argv[1], {key: load(network) for key, network in NETWORKS.items()})
    print(f"{os.path.join(sys.argv[1], FILE)}: {n_files} files")
