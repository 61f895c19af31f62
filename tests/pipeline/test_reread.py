"""Answers by other heads on stored embeddings: no file is decoded."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import tagger
from tagger.model_card import WEIGHTS_FILE, ModelCard, load_card
from tagger.model_card.write_heads import write_heads
from tagger.pipeline.reread import reread
from tagger.pipeline.scan import ScanSettings
from tagger.query import Query
from tagger.store import Store
from tests.sounds import make_sound


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three sounds, one of them silent, and `old.db`, which `old-1` has answered."""
    root = tmp_path_factory.mktemp("reread")
    (root / "music").mkdir()
    random = np.random.default_rng(0)
    for n in range(2):
        samples = random.normal(0, 0.1, (1, 12 * 44_100)) * np.linspace(0.1, 1 + n, 12 * 44_100)
        make_sound(root / "music" / f"{n}.flac", samples=samples.astype(np.float32))
    make_sound(root / "music" / "silent.flac", samples=np.zeros((1, 12 * 44_100), np.float32))
    with tagger.Library(str(root / "old.db"), model=str(as_model(root / "old-1", []))) as library:
        assert library.scan(str(root / "music")).analysed == 3
    return root


def as_model(folder: Path, without: list[str]) -> Path:
    """The small model under the folder's name, less some heads."""
    shutil.copytree(load_card("small").folder, folder)
    fields = json.loads((folder / "model.json").read_text()) | {"id": folder.name}
    for head in without:
        del fields["heads"][head]
    (folder / "model.json").write_text(json.dumps(fields))
    return folder


@pytest.fixture
def store(scanned: Path, tmp_path: Path) -> Store:
    shutil.copy(scanned / "old.db", tmp_path / "x.db")
    with Store.open(str(tmp_path / "x.db"), create=False) as store:
        yield store


def moved(store: Store, card: ModelCard) -> int:
    store.rereads.introduce(card.id, card.trunk, card.head_versions)
    return reread(store, card, lambda done, total: None)


def tracks(store: Store, model: str) -> list[tagger.Track]:
    found = store.answers.tracks(Query(), model=model, with_words=True)
    return [replace(track, path=track.path.rpartition("/")[2]) for track in found]


def test_heads_that_are_the_same_say_the_same_to_the_last_digit(store: Store, tmp_path: Path) -> None:
    card = load_card(str(as_model(tmp_path / "new-1", [])))
    assert moved(store, card) == 3
    for old, new in zip(tracks(store, "old-1"), tracks(store, "new-1"), strict=True):
        moods = [(track.valence, track.mood_confidence) for track in (old, new)]
        assert moods[1] == (None, None) if old.silent else moods[1] == pytest.approx(moods[0])
        nothing = {"valence": None, "mood_confidence": None}
        assert replace(new, **nothing) == replace(old, **nothing)
    for (path,) in store.database.all("SELECT path FROM tracks"):
        before, after = (store.answers.analysis(path, model) for model in ("old-1", "new-1"))
        assert before is not None and after is not None
        assert (after.genres, after.prediction.windows) == (before.genres, before.prediction.windows)
        assert (after.prediction.embedding == before.prediction.embedding).all()
    assert moved(store, card) == 0
    assert store.database.value("SELECT count(*) FROM embeddings") == 3  # one for both models


def test_another_head_reads_the_embedding_and_the_others_stay(store: Store, tmp_path: Path) -> None:
    folder = as_model(tmp_path / "turned-1", [])
    tensors = load_file(folder / WEIGHTS_FILE)
    turned = {f"genre_head.{part}": tensors[f"genre_head.{part}"][::-1].copy() for part in ("weight", "bias")}
    genre = json.loads((folder / "model.json").read_text())["heads"]["genre"]
    write_heads(str(folder), turned, {"genre": genre})
    card = load_card(str(folder))
    assert card.head_versions["genre"] != load_card("small").head_versions["genre"]
    assert moved(store, card) == 3
    names = dict(zip(card.genres, reversed(card.genres), strict=True))
    old, new = tracks(store, "old-1"), tracks(store, "turned-1")
    assert [track.genre for track in new] == [track.genre and names[track.genre] for track in old]
    assert [(track.energy, track.bpm, track.mood, track.words) for track in new] == [
        (track.energy, track.bpm, track.mood, track.words) for track in old
    ]
    analysis = store.answers.analysis(store.database.value("SELECT path FROM tracks"), "turned-1")
    assert analysis is not None and sum(analysis.genres.values()) == pytest.approx(1, abs=1e-5)
    assert {window.genre for window in analysis.prediction.windows} == {None}
    assert {window.energy for window in analysis.prediction.windows} != {None}


def test_tracks_that_were_answered_before_there_were_sounds_get_theirs(
    scanned: Path, store: Store, tmp_path: Path
) -> None:
    old = [track.sound for track in tracks(store, "old-1")]
    assert old == ["noise", "noise", "music"]  # the last is silent
    store.rereads.forget("old-1")
    deaf = load_card(str(as_model(tmp_path / "deaf-1", ["sound"])))
    with tagger.Library(str(tmp_path / "x.db"), model=deaf.folder) as library:
        library.scan(str(scanned / "music"))
    assert {track.sound for track in tracks(store, "deaf-1")} == {"music"}
    assert moved(store, load_card(str(as_model(tmp_path / "new-1", [])))) == 3
    assert [track.sound for track in tracks(store, "new-1")] == old


def test_a_tempo_of_another_head_cannot_be_read_from_embeddings(store: Store, tmp_path: Path) -> None:
    folder = as_model(tmp_path / "other-1", [])
    tempo = json.loads((folder / "model.json").read_text())["heads"]["tempo"]
    write_heads(str(folder), {}, {"tempo": tempo | {"temperature": 3.0}})
    assert moved(store, load_card(str(folder))) == 0
    assert moved(store, load_card(str(as_model(tmp_path / "none-1", ["tempo"])))) == 3
    assert {track.bpm for track in tracks(store, "none-1")} == {None}


def test_a_scan_moves_to_other_heads_unasked_and_analyses_nothing(
    scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(scanned / "old.db", tmp_path / "x.db")
    new = as_model(tmp_path / "new-2", ["words"])
    with tagger.Library(str(tmp_path / "x.db"), model=str(new)) as library:
        counts = library.scan(str(scanned / "music"))
        assert (counts.reread, counts.analysed, counts.unchanged) == (3, 0, 3)
        assert library.model == "new-2"
        again = library.scan(str(scanned / "music"))
        assert (again.reread, again.analysed, again.unchanged) == (0, 0, 3)


def test_what_a_whole_scan_has_answered_is_read_again_by_other_heads(scanned: Path, tmp_path: Path) -> None:
    """A first scan with `--full` notes what its model is made of, too."""
    old, new = as_model(tmp_path / "old-2", ["mood"]), as_model(tmp_path / "new-2", [])
    database = str(tmp_path / "x.db")
    with tagger.Library(database, model=str(old)) as library:
        assert library.scan(str(scanned / "music"), settings=ScanSettings(full=True)).analysed == 3
    with tagger.Library(database, model=str(new)) as library:
        counts = library.scan(str(scanned / "music"))
        assert (counts.reread, counts.analysed) == (3, 0)
