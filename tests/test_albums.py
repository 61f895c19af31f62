"""Which tracks are an album, and what they say together."""

import numpy as np
import pytest

from tagger.albums import FEWEST_IN_FOLDER, MOST_TRACKS, album_answer, album_id, evidence, is_album, pooled

EVEN = np.full(4, 0.25)
ROCK, POP, JAZZ = ([0.7, 0.1, 0.1, 0.1], [0.3, 0.4, 0.2, 0.1], [0.05, 0.05, 0.85, 0.05])


def test_a_track_that_is_heard_otherwise_takes_the_genre_of_its_album() -> None:
    own = np.array([ROCK, ROCK, ROCK, ROCK, POP])
    answer = pooled(own, EVEN)
    assert own[4].argmax() == 1 and answer[4].argmax() == 0
    assert answer.sum(axis=1) == pytest.approx(1)
    assert (answer == answer[0]).all()


def test_a_mixture_of_five_is_left_alone() -> None:
    own = np.array([ROCK, JAZZ, ROCK, JAZZ, [0.1, 0.1, 0.1, 0.7]])
    assert evidence(own, EVEN) < 0
    assert pooled(own, EVEN).tolist() == own.tolist()


def test_of_two_that_differ_a_little_the_surer_one_counts_more() -> None:
    answer, weight = album_answer(np.array([ROCK, POP]), EVEN)
    assert weight == 1 and answer.argmax() == 0


def test_an_album_is_never_surer_than_its_doubt_allows() -> None:
    sure = np.full((12, 4), 0.001) + np.array([0.996, 0, 0, 0])
    assert pooled(sure, EVEN).max() == pytest.approx(0.72 + 0.28 * 0.25, abs=1e-3)


def test_tracks_that_agree_upon_what_is_rare_prove_more_than_on_what_is_common() -> None:
    alike = np.array([ROCK, ROCK])
    assert evidence(alike, np.array([0.1, 0.3, 0.3, 0.3])) > evidence(alike, np.array([0.7, 0.1, 0.1, 0.1]))


def test_a_probability_of_zero_is_no_infinite_evidence() -> None:
    assert np.isfinite(evidence(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.5, 0.5])))


def test_discs_and_spellings_are_one_album_and_other_artists_another() -> None:
    one = album_id("/m/Mellon Collie/CD1/1.mp3", "Mellon Collie", "Smashing Pumpkins")
    assert one == album_id("/m/Mellon Collie/CD2/1.mp3", "mellon  collie ", "SMASHING PUMPKINS")
    assert one != album_id("/m/x/1.mp3", "Mellon Collie", "Somebody else")
    guest = album_id("/m/x/1.mp3", "Post", "Björk feat. Tricky", "Björk")
    assert guest == album_id("/m/y/2.mp3", "Post", "Björk")


@pytest.mark.parametrize(
    ("path", "album", "artist", "album_artist", "compilation"),
    [
        ("/m/Now/1.mp3", "Now 44", "Blur", "Various Artists", False),
        ("/m/Now/1.mp3", "Now 44", "Blur", None, True),
        ("/m/Now/1.mp3", "Now 44", "V.A.", None, False),
        ("/m/Now/1.mp3", None, "verschiedene Interpreten", None, False),
        ("/m/Downloads/1.mp3", None, "Blur", None, False),
        ("/m/Various Artists/1.mp3", None, None, None, False),
        ("/m/New Music/1.mp3", "Unknown Album", None, None, False),
    ],
)
def test_compilations_and_heaps_are_no_albums(
    path: str, album: str | None, artist: str | None, album_artist: str | None, compilation: bool
) -> None:
    assert album_id(path, album, artist, album_artist, compilation) is None


def test_without_a_title_the_folder_is_the_album() -> None:
    one = album_id("/m/Blur/1.mp3", None, "Blur")
    assert one == album_id("/m/Blur/2.mp3", None, None) == album_id("/m/Blur/3.mp3", "Unknown Album", None)
    assert one != album_id("/m/Pulp/1.mp3", None, "Blur")
    assert album_id("/m/\udce9/1.mp3", None, None) is not None


def test_two_tracks_with_the_album_in_their_tags_are_one_and_a_folder_takes_more() -> None:
    tagged = {("Post", "Björk", None)}
    assert is_album(2, tagged) and is_album(MOST_TRACKS, tagged)
    assert not is_album(1, tagged) and not is_album(MOST_TRACKS + 1, tagged)
    untagged = {(None, "Björk", None), (None, None, None)}
    assert is_album(FEWEST_IN_FOLDER, untagged) and not is_album(FEWEST_IN_FOLDER - 1, untagged)
    assert not is_album(FEWEST_IN_FOLDER, {*untagged, (None, "Tricky", None)})
