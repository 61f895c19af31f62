from tagger.training.clips import GENRES, Clip
from tagger.training.datasets import genre_list, in_genres


def clip(*genres: str) -> Clip:
    return Clip("x.mp3", "folders", "train", genres)


def relabelled(*genres: str) -> tuple[str, ...]:
    return in_genres([clip(*genres)])[0].genres


def test_spellings_of_our_genres_become_ours() -> None:
    assert relabelled("hiphop", "metal", "NEW-AGE", "r & b") == ("Hip-Hop", "Metal", "New Age", "R&B")
    assert relabelled("Soul-RnB", "Electronica") == ("R&B", "Electronic")
    assert relabelled("Rap", "Hip Hop", "Hip-Hop") == ("Hip-Hop",)


def test_a_label_that_we_have_no_name_for_goes() -> None:
    assert relabelled("Old-Time / Historic", "Blues") == ("Blues",)
    assert relabelled("Spoken") == ()


def test_pop_or_rock_stays_where_all_it_may_mean_is_known() -> None:
    assert relabelled("Pop/Rock") == ("Pop/Rock",)
    assert in_genres([clip("Pop/Rock", "Rock")], ("Jazz", "Rock"))[0].genres == ("Rock",)


def test_a_data_sets_own_list_keeps_its_own_labels() -> None:
    clips = [clip("Old-Time / Historic"), clip("Hip-Hop", "Blues"), clip()]
    own = genre_list(clips)
    assert own == ("Blues", "Hip-Hop", "Old-Time / Historic")
    assert in_genres(clips, own) == clips


def test_a_label_of_several_genres_stands_for_them_in_the_list() -> None:
    assert genre_list([clip("Pop/Rock"), clip("Jazz")]) == ("Jazz", "Metal", "Pop", "Rock")


def test_our_own_names_are_never_changed() -> None:
    assert relabelled(*GENRES) == GENRES
