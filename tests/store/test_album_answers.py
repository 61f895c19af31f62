"""Albums in the store: pooled when a track comes, changes, moves or goes, and both answers kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tagger.files import AudioFile
from tagger.genre_names import GenreNames
from tagger.query import Query
from tagger.store import Reuse, Store
from tagger.types import Analysis, Identified, Track
from tests.store.store_answers import MODEL, analysed, parts

ROCK = {"Rock": 0.7, "Jazz": 0.1, "Folk": 0.1, "Techno": 0.1}
JAZZ = {"Rock": 0.3, "Jazz": 0.4, "Folk": 0.2, "Techno": 0.1}
FAR = {"Rock": 0.01, "Jazz": 0.97, "Folk": 0.01, "Techno": 0.01}


def track(number: int, genres: dict[str, float], album: str | None = "Post", **names: object) -> Analysis:
    """A track of an album, with these probabilities."""
    likeliest = max(genres, key=genres.__getitem__)
    file, recording, prediction = parts(analysed(f"/m/{number}.mp3", audio_id=f"{number:032x}"))
    tags = {"album": album, "artist": "Björk"} | names
    answer = replace(prediction, genres=genres, genre=likeliest, genre_confidence=genres[likeliest])
    return Analysis(file, replace(recording, **tags), answer)  # type: ignore[arg-type]


def scanned(store: Store, tracks: Sequence[Analysis]) -> None:
    """What a scan does at its end."""
    store.record_batch(tracks, [])
    store.albums.pool(lambda model: {})


def genres(store: Store, no_album: bool = False) -> list[str | None]:
    return [one.genre for one in found(store, no_album)]


def found(store: Store, no_album: bool = False) -> list[Track]:
    return [*store.answers.tracks(Query(no_album=no_album), model=MODEL)]


ALBUM = [track(n, ROCK) for n in range(1, 4)]
"""Three tracks, that agree."""


def test_a_late_track_takes_the_genre_of_its_album_and_keeps_its_own(store: Store) -> None:
    scanned(store, ALBUM)
    before = found(store)[0].genre_confidence
    scanned(store, [track(4, JAZZ)])
    assert genres(store) == ["Rock"] * 4
    assert genres(store, no_album=True) == ["Rock", "Rock", "Rock", "Jazz"]
    after = found(store)[0].genre_confidence
    assert before is not None and after is not None and after < before
    assert [one.genre_confidence for one in found(store, no_album=True)] == [0.7, 0.7, 0.7, 0.4]
    assert store.albums.pool(lambda model: {}) == 0


def test_a_late_track_that_speaks_against_the_album_frees_it(store: Store) -> None:
    scanned(store, [track(1, ROCK), track(2, JAZZ)])
    assert genres(store) == ["Rock", "Rock"]
    scanned(store, [track(n, FAR) for n in (3, 4)] + [track(5, {**ROCK, "Rock": 0.97, "Folk": 0.01})])
    assert found(store) == found(store, no_album=True)
    assert store.database.value("SELECT count(*) FROM album_scores") == 0


def test_filters_and_counts_go_by_the_album_unless_told_otherwise(store: Store) -> None:
    scanned(store, [*ALBUM, track(4, JAZZ)])
    for no_album, rock, sure in ((False, 4, 0), (True, 3, 3)):
        query = Query(genres=("Rock",), no_album=no_album)
        assert len([*store.answers.tracks(query, model=MODEL)]) == rock
        assert store.statistics(Query(no_album=no_album), MODEL).genres["Rock"] == rock
        by_energy = replace(query, order="energy", min_confidence=0.7, energy=(0.0, 1.0))
        top = [*store.answers.tracks(by_energy, model=MODEL)]
        assert len(top) == (4 if not no_album else sure)


def test_tags_get_the_genres_of_the_album_in_its_order(store: Store) -> None:
    scanned(store, [*ALBUM, track(4, JAZZ)])
    (page,) = store.tag_changes.pages_to_tag([], MODEL)
    (alone,) = store.tag_changes.pages_to_tag([], MODEL, no_album=True)
    assert [next(iter(one.genres))[0] for one in page] == ["Rock"] * 4
    assert dict(alone[3].genres) == JAZZ
    assert sum(p for _, p in page[3].genres) == pytest.approx(1)
    assert page[3].genres[0][1] == found(store)[3].genre_confidence


def test_everything_known_of_a_file_has_both_answers(store: Store) -> None:
    scanned(store, [*ALBUM, track(4, JAZZ)])
    analysis = store.answers.analysis("/m/4.mp3", MODEL)
    assert analysis is not None and analysis.album is not None
    assert analysis.album.n_tracks == 4
    assert (analysis.track.genre, analysis.prediction.genre) == ("Rock", "Jazz")
    assert analysis.prediction.genres == JAZZ
    assert analysis.track == found(store)[3]
    alone = store.answers.analysis("/m/4.mp3", MODEL, no_album=True)
    assert alone is not None and alone.album is None and alone.track.genre == "Jazz"


def test_what_an_album_says_has_the_owner_s_names(db_path: str) -> None:
    with Store.open(db_path, create=True, names=GenreNames({"Rock": "Guitars"})) as store:
        scanned(store, [*ALBUM, track(4, JAZZ)])
        analysis = store.answers.analysis("/m/4.mp3", MODEL)
        assert analysis is not None and analysis.track.genre == found(store)[3].genre == "Guitars"
        assert analysis.prediction.genre == "Jazz"


def test_a_track_that_goes_or_comes_back_changes_its_album(store: Store) -> None:
    scanned(store, [track(1, ROCK), track(2, JAZZ)])
    (gone,) = (one for one, path, _, _ in store.files.beneath(["/m"]) if path == "/m/1.mp3")
    store.files.mark_missing([gone], [])
    assert genres(store) == ["Rock", "Rock"]
    store.albums.pool(lambda model: {})
    assert genres(store) == ["Rock", "Jazz"]
    store.files.mark_missing([], [gone])
    store.albums.pool(lambda model: {})
    assert genres(store) == ["Rock", "Rock"]
    store.files.mark_missing([gone], [])
    store.files.forget_missing(datetime.now(UTC) + timedelta(days=1))
    store.albums.pool(lambda model: {})
    assert genres(store) == ["Jazz"]


def retagged(store: Store, number: int, **names: object) -> None:
    """The file of a track is read again, with other tags and the same sound."""
    new = track(number, ROCK, **names)  # type: ignore[arg-type]
    (owner, _), *_ = store.files.owners(new.recording.audio_id, MODEL)
    file = AudioFile(new.file.path, 2000, new.file.mtime_ns + 1)
    store.files.reuse([Reuse(Identified(file, new.recording), "unchanged", owner)])
    store.albums.pool(lambda model: {})


def test_a_retagged_track_leaves_one_album_and_joins_another(store: Store) -> None:
    scanned(store, [track(1, ROCK), track(2, JAZZ), track(3, FAR, "Debut"), track(4, FAR, "Debut")])
    assert genres(store) == ["Rock", "Rock", "Jazz", "Jazz"]
    retagged(store, 2, album="Debut")
    assert genres(store) == ["Rock", "Jazz", "Jazz", "Jazz"]
    retagged(store, 2, album="Post")
    assert genres(store)[1] == "Rock"
    retagged(store, 2, album="Post", compilation=True)
    assert genres(store)[1] == "Jazz"


def test_a_copy_in_another_album_does_not_speak_for_the_first(store: Store) -> None:
    scanned(store, [track(1, ROCK), track(2, JAZZ)])
    original = track(2, JAZZ, "Hits")
    (owner, _), *_ = store.files.owners(original.recording.audio_id, MODEL)
    copy = Identified(AudioFile("/m/copy.mp3", 1, 1), original.recording)
    store.files.reuse([Reuse(copy, "duplicate", owner)])
    assert genres(store) == ["Rock", "Rock", "Jazz"]
    store.albums.pool(lambda model: {})
    assert genres(store) == ["Rock", "Rock", "Jazz"]


def test_a_sound_that_is_in_an_album_twice_counts_once(store: Store) -> None:
    scanned(store, [track(1, ROCK)])
    original = track(1, ROCK)
    (owner, _), *_ = store.files.owners(original.recording.audio_id, MODEL)
    store.files.reuse(
        [Reuse(Identified(AudioFile("/m/copy.mp3", 1, 1), original.recording), "duplicate", owner)]
    )
    assert store.albums.pool(lambda model: {}) == 1
    assert found(store) == found(store, no_album=True)


def test_each_model_has_albums_of_its_own(store: Store) -> None:
    other = [replace(one, prediction=replace(one.prediction, model="other-1")) for one in ALBUM]
    scanned(store, [*ALBUM, track(4, JAZZ)])
    asked: list[str] = []
    store.record_batch(other, [])
    store.albums.pool(lambda model: asked.append(model) or {})  # type: ignore[func-returns-value]
    assert sorted(asked) == sorted(["other-1", MODEL])
    assert genres(store) == ["Rock"] * 4
    assert [one.genre for one in store.answers.tracks(model="other-1")] == ["Rock"] * 3


def test_what_cannot_be_in_a_database_spoils_no_album(store: Store) -> None:
    scanned(store, [])
    store.record_batch([*ALBUM, track(4, JAZZ)], [])
    with store.database.transaction() as connection:
        connection.execute("UPDATE genre_scores SET probability = 'much' WHERE track_id = 4")
    store.albums.pool(lambda model: {})
    assert genres(store) == ["Rock", "Rock", "Rock", "Jazz"]
