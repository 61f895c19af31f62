"""Programs of the field, each as its own manual calls it: field_programs.py NAME FILE...

`benchmarks.field` runs this file with the Python of each program, so it imports nothing of this repository.
"""

import contextlib
import importlib.metadata
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence

MARK = "\nanswers: "
"""Stands before the answers, since libraries print what they like."""


def main() -> None:
    name, *files = sys.argv[1:]
    with contextlib.redirect_stdout(io.StringIO()):
        package, program = PROGRAMS[name]
        answers = [*program(files)]
    version = f"{package} {importlib.metadata.version(package)}"
    print(MARK + json.dumps({"version": version, "answers": answers}), flush=True)


def aubio(files: Sequence[str]) -> Iterator[str]:
    """`aubio tempo FILE`, file after file in one process."""
    from aubio.cmd import main as aubio_main

    for file in files:
        sys.argv = ["aubio", "tempo", file]
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
            aubio_main()
        yield printed.getvalue().strip()


def autobpm(files: Sequence[str]) -> Iterator[str]:
    """The plugin autobpm of beets, without beets."""
    import librosa

    for file in files:
        samples, rate_hz = librosa.load(file, res_type="kaiser_fast")
        tempo, _ = librosa.beat.beat_track(y=samples, sr=rate_hz)
        yield str(tempo)


def sonara(files: Sequence[str]) -> Iterator[str]:
    import sonara

    for file in files:
        yield str(sonara.analyze_file(file, mode="playlist")["bpm"])


def libsonare(files: Sequence[str]) -> Iterator[str]:
    import libsonare

    for file in files:
        yield str(libsonare.Audio.from_file(file).analyze().bpm)


def bliss(files: Sequence[str]) -> Iterator[str]:
    from bliss_audio import Song

    for file in files:
        yield str(Song(file).analysis)


def essentia(files: Sequence[str]) -> Iterator[str]:
    """Its extractor of music, as AcousticBrainz ran it; its networks' weights are not in the package."""
    import essentia
    import essentia.standard

    essentia.log.infoActive = False
    for file in files:
        features, _ = essentia.standard.MusicExtractor()(file)
        yield str(features["rhythm.bpm"])


def vibenet(files: Sequence[str]) -> Iterator[str]:
    import vibenet

    model = vibenet.load_model()
    for file in files:
        yield str(model.predict(file)[0])


def musicnn(files: Sequence[str]) -> Iterator[str]:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from musicnn.tagger import top_tags

    for file in files:
        yield str(top_tags(file, model="MSD_musicnn", topN=3, print_tags=False))


PROGRAMS = {
    "aubio": ("aubio-ledfx", aubio),
    "autobpm": ("librosa", autobpm),
    "sonara": ("sonara", sonara),
    "libsonare": ("libsonare", libsonare),
    "bliss": ("bliss-audio", bliss),
    "essentia": ("essentia", essentia),
    "vibenet": ("vibenet", vibenet),
    "musicnn": ("musicnn", musicnn),
}

if __name__ == "__main__":
    main()
