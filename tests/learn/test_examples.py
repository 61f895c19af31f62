"""What is learned from: spellings joined, words that say nothing left out, makers told apart."""

from dataclasses import replace

import numpy as np
import pytest

from tagger.errors import TaggerError
from tagger.learn import Examples, LearnSettings, examples_of
from tagger.store import Correction, HeardFile
from tests.learn.made_up import SIZE, heard


def learned_from(
    files: list[HeardFile], settings: LearnSettings | None = None, **said: Correction
) -> Examples:
    return examples_of(files, said, settings or LearnSettings(), SIZE)


def test_spellings_of_a_genre_are_one_and_the_most_frequent_names_it() -> None:
    files = [
        *heard("dnb", 4, at=0, tag="Drum & Bass"),
        *heard("dnb2", 3, at=0, tag="drum'n'bass"),
        *heard("House", 5, at=1),
    ]
    examples = learned_from(files)
    assert examples.genres == ("Drum & Bass", "House")
    assert sum("Drum & Bass" in labels for labels in examples.labels) == 7


def test_a_text_with_several_genres_is_several_and_words_that_say_nothing_are_none() -> None:
    files = [
        *heard("both", 5, at=0, tag="House; Techno"),
        *heard("Techno", 5, at=1),
        *heard("x", 5, at=2, tag="Unknown"),
    ]
    examples = learned_from(files)
    assert examples.genres == ("House", "Techno")
    assert [labels for labels in examples.labels if len(labels) == 2] == [("House", "Techno")] * 5


def test_a_correction_stands_in_the_place_of_the_tag() -> None:
    files = [*heard("House", 7, at=0), *heard("Techno", 6, at=1)]
    first, second = files[0].audio_id, files[1].audio_id
    said = {first: Correction("set", ("Techno",)), second: Correction("skipped")}
    examples = examples_of(files, said, LearnSettings(), SIZE)
    labels = dict(zip(examples.audio_ids, examples.labels, strict=True))
    assert (labels[first], labels[second], labels[files[2].audio_id]) == (("Techno",), (), ("House",))


def test_tags_or_corrections_alone_can_be_asked_for() -> None:
    files = [*heard("House", 6, at=0, tag=""), *heard("Techno", 6, at=1)]
    said = {file.audio_id: Correction("set", ("House",)) for file in files[:6]}
    assert examples_of(files, said, LearnSettings(), SIZE).genres == ("House", "Techno")
    with pytest.raises(TaggerError, match="only Techno has 5 tracks of 2 artists or albums in own genres"):
        examples_of(files, {}, LearnSettings(from_corrections=False), SIZE)
    with pytest.raises(TaggerError, match="only House has 5 tracks"):
        examples_of(files, said, LearnSettings(from_tags=False), SIZE)


def test_a_sound_in_several_files_counts_once() -> None:
    files = [*heard("House", 6, at=0), *heard("Techno", 6, at=1)]
    copies = [replace(file, path=f"/copies{file.path}", genres=("Deep",)) for file in files[:6]]
    examples = learned_from([*files, *copies])
    assert len(examples.labels) == 12
    assert examples.labels[0] == ("House", "Deep")
    assert examples.embeddings.shape == (12, SIZE) and examples.embeddings.dtype == np.float32


def test_makers_are_artists_else_albums_else_folders() -> None:
    (file, *_), techno = heard("House", 6, at=0), heard("Techno", 6, at=1)
    files = [
        replace(file, audio_id="1", artist="Björk "),
        replace(file, audio_id="2", artist="BJÖRK"),
        replace(file, audio_id="3", artist="Various Artists", album_id=7),
        replace(file, audio_id="4", artist=None, album_artist="Goldie"),
        replace(file, audio_id="5", artist=None),
    ]
    examples = learned_from([*files, *techno])
    assert examples.makers[0] == examples.makers[1]
    assert examples.makers[2:5] == ("album 7", "artist goldie", "folder /m")


def test_what_is_missing_is_said() -> None:
    with pytest.raises(TaggerError, match="nothing to learn from: no track has own genres in tags or corr"):
        learned_from(heard("House", 9, at=0, tag=""))
    with pytest.raises(TaggerError, match=r"no genre has 5 tracks .* the next have House \(4\); tag more"):
        learned_from(heard("House", 4, at=0))
    with pytest.raises(TaggerError, match="no genre has 5 tracks of 2 artists"):
        learned_from([*heard("House", 9, at=0, artists=1), *heard("Techno", 9, at=1, artists=1)])


def test_genres_may_be_named_and_rare_ones_are_left_out() -> None:
    files = [*heard("House", 6, at=0), *heard("Techno", 6, at=1), *heard("Trance", 6, at=2)]
    files += heard("Surf", 3, at=3)
    assert learned_from(files).left_out == {"Surf": 3}
    named = learned_from(files, LearnSettings(genres=("house", "TECHNO")))
    assert (named.genres, named.left_out) == (("House", "Techno"), {})
    assert learned_from(files, LearnSettings(min_tracks=3)).genres == ("House", "Surf", "Techno", "Trance")
