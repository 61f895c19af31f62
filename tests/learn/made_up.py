"""Made-up sounds: points around the centre of their genre, a cloud for each artist."""

import numpy as np

from tagger.store import HeardFile

SIZE = 16


def heard(
    genre: str,
    n: int,
    *,
    at: int,
    artists: int = 4,
    tag: str | None = None,
    level: float | None = None,
    seed: int = 0,
    distance: float = 2.0,
) -> list[HeardFile]:
    """Files of `genre`, whose centre lies on axis `at`, tagged with it or with `tag`."""
    random = np.random.default_rng([seed, at])
    centres = random.normal(0, 0.3, (artists, SIZE))
    files = []
    for i in range(n):
        point = centres[i % artists] + random.normal(0, 0.5, SIZE)
        point[at] += distance
        name = f"{genre}-{at}-{seed}-{i}"
        own = () if tag == "" else (tag or genre,)
        vector = point.astype("<f2").tobytes()
        artist = f"{genre} artist {seed} {i % artists}"
        files.append(HeardFile(name, f"/m/{name}.mp3", artist, None, None, own, level, vector))
    return files
