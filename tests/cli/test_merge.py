"""`tagger merge`: parts of a library, scanned apart, become one."""

from pathlib import Path

import numpy as np

from tagger.pipeline.scan import is_in_shard
from tests.cli.conftest import Tagger
from tests.sounds import make_sound


def test_parts_that_were_scanned_apart_are_the_whole_and_undo_works_from_there(
    tagger: Tagger, tmp_path: Path
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    noise = np.random.default_rng(0)
    paths = [music / f"{n}.flac" for n in range(100)]
    halves = [[path for path in paths if is_in_shard(str(path), i, 2)] for i in (1, 2)]
    for n, path in enumerate((*halves[0][:3], *halves[1][:3])):
        make_sound(path, samples=noise.normal(0, 0.1 + n / 20, (1, 44_100)).astype(np.float32))
    before = {path.name: path.read_bytes() for path in music.iterdir()}
    parts = [tmp_path / f"part-{i}.db" for i in (1, 2)]
    for i, db in enumerate(parts, 1):
        tagger("scan", music, "--shard", f"{i}/2", "--db", db, "--quiet")
    tagger("write-tags", "--yes", "--min-confidence", "0", "--db", parts[0])
    counts = [tagger("stats", "--db", db, "--json").json["tracks"] for db in parts]
    assert counts == [3, 3]
    everything = tmp_path / "all.db"
    result = tagger("merge", *parts, "-o", everything, "--json")
    assert (result.code, result.json) == (0, {"tracks": 6, "shared": 0, "corrections": 0})
    assert tagger("scan", music, "--db", everything, "--json").json["unchanged"] == 6
    assert tagger("undo", "--yes", "--db", everything).code == 0
    assert {path.name: path.read_bytes() for path in music.iterdir()} == before


def test_what_cannot_be_merged_is_one_line(tagger: Tagger, tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    (tmp_path / "b.db").write_text("no database")
    for arguments, words in (
        ((tmp_path / "a.db", "-o", tmp_path / "c.db"), "give two databases or more"),
        ((tmp_path / "a.db", tmp_path / "none.db", "-o", tmp_path / "c.db"), "none.db: no such database"),
        ((tmp_path / "a.db", tmp_path / "b.db", "-o", tmp_path / "b.db"), "is there already"),
        (
            (tmp_path / "b.db", tmp_path / "a.db", "-o", tmp_path / "c.db"),
            "b.db: it is not a database of tagger",
        ),
    ):
        result = tagger("merge", *arguments)
        assert (result.code, result.err.count("\n")) == (2, 1), result.err
        assert words in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "b.db", "c.db.lock"]
