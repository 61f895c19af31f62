"""Words and moods where people meet them: in lists, counts, one file, and playlists."""

import csv
import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tagger.cli.table import columns_for, print_table
from tagger.library import Library
from tagger.model_card import DEFAULT_MODEL, ModelCard, load_card
from tagger.predict import Predictor
from tagger.query import Query
from tagger.store import Store
from tagger.types import Analysis, Mood, Track, WindowAnswer
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import answer, fill, heard_in
from tests.sounds import make_sound


def said(
    path: str, number: int, mood: Mood, valence: float, words: Mapping[str, float], **given: Any
) -> Analysis:
    """A track with a mood of which the model is sure with 0.7, but of the tense one with 0.4, and words."""
    analysis = answer(path, number, **given)
    sure = 0.4 if mood == "tense" else 0.7
    more = {"mood": mood, "valence": valence, "mood_confidence": sure, "words": words}
    return replace(analysis, prediction=replace(analysis.prediction, **more))


TRACKS = [
    said("/m/a.mp3", 1, "calm", 0.9, {"Piano": 0.95, "Vocals": 0.1, "Female Voice": 0.05}, energy=0.2),
    said("/m/b.mp3", 2, "sad", 0.2, {"Piano": 0.6, "Vocals": 0.8, "Female Voice": 0.7}, energy=0.3),
    said("/m/c.mp3", 3, "tense", 0.1, {"Piano": 0.2, "Vocals": 0.9, "Female Voice": 0.4}, energy=0.9),
    answer("/m/d.mp3", 4),
]


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, TRACKS)
    return db


def stems(tracks: list[dict[str, Any]]) -> str:
    """The tracks that were printed as JSON, each as the letter of its name."""
    return "".join(Path(track["path"]).stem for track in tracks)


# --- list -------------------------------------------------------------------------------------------


def test_json_has_the_words_of_a_track_the_likeliest_first_and_show_has_all(
    tagger: Tagger, library: Path
) -> None:
    listed = tagger("list", "--json").json
    assert [track["words"] for track in listed] == [
        {"Piano": 0.95},
        {"Vocals": 0.8, "Female Voice": 0.7, "Piano": 0.6},
        {"Vocals": 0.9},
        {},
    ]
    assert list(listed[1]["words"]) == ["Vocals", "Female Voice", "Piano"]
    said_of_mood = [(track["valence"], track["mood"], track["mood_confidence"]) for track in listed]
    assert said_of_mood[:2] == [(0.9, "calm", 0.7), (0.2, "sad", 0.7)]
    assert said_of_mood[3] == (None, None, None)
    shown = tagger("show", "/m/a.mp3", "--json").json
    assert shown["words"] == {"Piano": 0.95, "Vocals": 0.1, "Female Voice": 0.05}


def test_csv_has_them_at_its_end(tagger: Tagger, library: Path) -> None:
    out = tagger("list", "--csv").out
    more = "key,camelot,key_confidence,second_bpm,second_bpm_confidence,tag_key"
    assert out.splitlines()[0].endswith(f",valence,mood,mood_confidence,words,corrected,sound,{more}")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["words"] for row in rows] == ["Piano", "Vocals; Female Voice; Piano", "Vocals", ""]
    assert [row["mood"] for row in rows] == ["calm", "sad", "tense", ""]


def test_a_line_has_the_mood_in_doubt_with_a_question_mark_and_what_was_asked_for(
    tagger: Tagger, library: Path
) -> None:
    header, *lines = tagger("list").out.splitlines()
    at = header.index("mood")
    assert [line[at:].split("  ")[0].strip() for line in lines] == ["calm", "sad", "tense?", "–"]
    header, *lines = tagger("list", "--word", "PIANO", "--sort", "-word", "--valence", "0-").out.splitlines()
    assert header.split()[-4:] == ["Piano", "valence", "mood", "path"]
    assert [line.split()[-4:] for line in lines] == [
        ["95%", "0.90", "calm", "/m/a.mp3"],
        ["60%", "0.20", "sad", "/m/b.mp3"],
    ]
    assert lines[0].index("95%") + 3 == header.index("Piano") + len("Piano")


def test_a_list_is_sorted_by_mood_valence_and_words(tagger: Tagger, library: Path) -> None:
    assert stems(tagger("list", "--sort", "-valence", "--json").json) == "abcd"
    assert stems(tagger("list", "--sort", "mood", "--json").json) == "abcd"
    two = ("--word", "vocals", "--word", "female-voice")
    assert stems(tagger("list", *two, "--sort", "-word", "--json").json) == "b"
    assert stems(tagger("list", "--word=-vocals", "--json").json) == "a"
    refused = tagger("list", "--sort", "word")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "tagger: --sort word is by the words asked for; give one, such as --word piano\n"


def test_a_word_in_the_place_of_a_genre_is_answered_with_its_option(tagger: Tagger, library: Path) -> None:
    for command in ("list", "playlist", "stats"):
        refused = tagger(command, "--genre", "drum and bass")
        assert refused.code == 2
        assert refused.err == "tagger: 'drum and bass' is a word and no genre; give --word \"Drum & Bass\"\n"


def printed(width: int, query: Query, *tracks: Track) -> list[str]:
    """The lines of a list on a terminal of that width."""
    shown = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        patch.setenv("COLUMNS", str(width))
        print_table(tracks, 0.6, False, columns_for(query, 0.6))
    return shown.getvalue().splitlines()


ABOUT: dict[str, Any] = {
    "genre": "Rock",
    "tag_genres": ("Jazz",),
    "artist": "Ada",
    "title": "One",
    "mood": "calm",
    "mood_confidence": 0.5,
    "words": {"Progressive Rock": 0.9, "Female Voice": 0.55},
}


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (Query(), {60: "", 80: "", 98: "own tag", 120: "own tag, mood", 160: "own tag, mood"}),
        (Query(moods=("calm",)), {60: "", 80: "mood", 98: "mood", 120: "own tag, mood"}),
        (
            Query(words=("Progressive Rock", "Female Voice")),
            {
                60: "",
                80: "Progressive…",
                98: "Progressive…, Female Voice",
                120: "Progressive…, Female Voice",
                132: "own tag, Progressive…, Female Voice",
                160: "own tag, Progressive…, Female Voice, mood",
            },
        ),
    ],
)
def test_lines_fit_a_terminal_and_what_is_asked_for_comes_first(
    query: Query, columns: dict[int, str]
) -> None:
    track = Track("/m/" + 60 * "x" + ".mp3", **ABOUT)
    names = {"own tag": "Jazz", "Progressive…": "90%", "Female Voice": "55%", "mood": "calm?"}
    for width, there in columns.items():
        header, line = printed(width, query, track)
        assert len(header) <= width and len(line) == width
        assert ", ".join(name for name in names if f" {name} " in header) == there
        assert [name for name, text in names.items() if f" {text} " in line] == there.split(", ") * bool(
            there
        )


@pytest.mark.parametrize("query", [Query(order="-key"), Query(keys=("Am",)), Query(mixes_with=("Am",))])
def test_a_key_has_a_column_where_it_is_asked_for(query: Query) -> None:
    sure, doubtful = (Track("/m/a.mp3", key=key, key_confidence=p) for key, p in (("Am", 0.7), ("C#m", 0.3)))
    header, first, second, third = printed(90, query, sure, doubtful, Track("/m/b.mp3"))
    at = header.index(" key ")
    assert [line[at : at + 10].strip() for line in (first, second, third)] == ["Am 8A", "C#m 12A?", "–"]
    assert " key " not in printed(90, Query(), sure)[0]


def test_a_list_is_sorted_by_key_and_says_so_in_a_pipe(tagger: Tagger, db: Path) -> None:
    keys = {"/m/a.mp3": "C", "/m/b.mp3": "G#m", "/m/c.mp3": "Am"}
    fill(db, [heard_in(key, answer(path, number)) for number, (path, key) in enumerate(keys.items())])
    header, *lines = tagger("list", "--sort", "key").out.splitlines()
    at = header.index(" key ")
    assert [line[at : at + 8].strip() for line in lines] == ["G#m 1A", "Am 8A", "C 8B"]
    assert [each["camelot"] for each in tagger("list", "--sort", "-key", "--json").json] == ["8B", "8A", "1A"]


def test_a_model_without_moods_has_no_column_for_them(tagger: Tagger, library: Path) -> None:
    assert "mood" not in printed(200, Query(), Track("/m/a.mp3", genre="Rock"))[0]


def test_words_have_the_owners_names(tagger: Tagger, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = library.parent / "config.toml"
    config.write_text(
        '[genres]\nrename = { "Female Voice" = "Sängerin", Piano = "Tasten", Harp = "Tasten" }\n'
    )
    monkeypatch.setenv("TAGGER_CONFIG", str(config))
    for name in ("sängerin", "Female Voice"):
        (track,) = tagger("list", "--word", name, "--json").json
        assert track["words"] == {"Vocals": 0.8, "Sängerin": 0.7, "Tasten": 0.6}
    assert "  Sängerin  " in tagger("list", "--word", "sängerin").out
    assert "Sängerin" in tagger("show", "/m/b.mp3", "--json").json["words"]
    assert stems(tagger("list", "--not-word", "tasten", "--json").json) == ""
    refused = tagger("list", "--word", "tasten")
    assert refused.err == "tagger: 'tasten' is what you call Harp and Piano; give one of them\n"


# --- show -------------------------------------------------------------------------------------------

EVERY_KIND = {
    "Piano": 0.95,
    "House": 0.3,
    "Vocals": 0.25,
    "Slow": 0.7,
    "Loud": 0.6,
    "Quiet": 0.5,
    "Solo": 0.4,
}


def test_show_draws_the_words_worth_a_line_by_kind_and_the_mood(tagger: Tagger, db: Path) -> None:
    track = said("/m/a.mp3", 1, "tense", 0.25, EVERY_KIND | {"Harp": 0.19})
    windows = (WindowAnswer(3.0, "Rock", 0.6, 0.5, 0.2, "sad"), WindowAnswer(60.0, "Rock", 0.6, 0.5))
    fill(db, [replace(track, prediction=replace(track.prediction, windows=windows))])
    lines = tagger("show", "/m/a.mp3").out.splitlines()
    drawn = [line for line in lines if line.endswith((" style", " voice", " instrument", " character"))]
    assert [(line[2:18].strip(), line.split()[-1]) for line in drawn] == [
        ("House", "style"),
        ("Vocals", "voice"),
        ("Piano", "instrument"),
        ("Slow", "character"),
        ("Loud", "character"),
        ("Quiet", "character"),
    ]
    assert f"  Piano             95% {19 * '█'}  instrument" in lines
    assert f"  valence          0.25 {5 * '█'}" in lines
    assert f"  mood              40% {8 * '█':<20} tense?" in lines
    at_first, later = (line for line in lines if line.startswith("  at "))
    assert at_first.endswith("60% sad") and later.endswith("60%")


def test_show_says_nothing_of_words_where_the_model_has_none(tagger: Tagger, library: Path) -> None:
    out = tagger("show", "/m/d.mp3").out
    assert "energy" in out
    assert not any(word in out for word in ("mood", "valence", "instrument", "\n\n\n"))


def test_words_of_a_model_that_is_gone_are_of_no_kind(tagger: Tagger, library: Path) -> None:
    with Store.open(str(library), create=False) as store:
        connection = store.database.connection
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in ("predictions", "mood_words", "models"):
            connection.execute(f"UPDATE {table} SET model = 'gone-1'")
    assert f"  Piano             95% {19 * '█'}\n" in tagger("show", "/m/a.mp3").out
    assert stems(tagger("list", "--word", "piano", "--json").json) == "ab"


# --- stats ------------------------------------------------------------------------------------------


def test_moods_and_words_are_counted(tagger: Tagger, library: Path) -> None:
    counts = tagger("stats", "--json").json
    assert counts["moods"] == {"tense": 1, "sad": 1, "calm": 1}
    assert list(counts["words"].items()) == [("Piano", 2), ("Vocals", 2), ("Female Voice", 1)]
    out = tagger("stats").out
    assert f"\nmood\n  tense         1 {'█' * 32}\n  sad   " in out
    assert f"\nmost frequent words\n  Piano                2 {'█' * 32}\n  Vocals   " in out


@pytest.mark.parametrize(
    ("filters", "moods", "words"),
    [
        (("--word", "piano"), "sad calm", "Piano 2, Female Voice 1, Vocals 1"),
        (("--energy", "low"), "sad calm", "Piano 2, Female Voice 1, Vocals 1"),
        (("--mood", "tense", "--genre", "rock"), "tense", "Vocals 1"),
        (("/m/b.mp3", "/m/d.mp3"), "sad", "Female Voice 1, Piano 1, Vocals 1"),
        (("--path", "c.mp3"), "tense", "Vocals 1"),
        (("--path", "d.mp3"), "", ""),
    ],
)
def test_filters_narrow_moods_and_words(
    tagger: Tagger, library: Path, filters: tuple[str, ...], moods: str, words: str
) -> None:
    counts = tagger("stats", "--json", *filters).json
    assert " ".join(counts["moods"]) == moods
    assert ", ".join(f"{word} {count}" for word, count in counts["words"].items()) == words


# --- playlist ---------------------------------------------------------------------------------------


def playlist(tagger: Tagger, *args: object) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = tagger("playlist", "--format", "json", *args).json
    return made


def test_a_playlist_in_json_has_them_and_says_why_a_track_is_there(tagger: Tagger, library: Path) -> None:
    (made,) = playlist(tagger, "--word", "piano", "--word=-vocals", "--mood", "calm")
    assert (made["mood"], made["words"]) == ("calm", {"Piano": 0.95})
    assert made["why"] == {"words": {"Piano": 0.95, "Vocals": 0.1}}
    assert all("why" not in track for track in playlist(tagger, "--mood", "sad", "--energy", "low"))


def test_like_goes_with_words_and_has_its_likeness(tagger: Tagger, library: Path) -> None:
    made = playlist(tagger, "--like", "/m/d.mp3", "--word=-female voice")
    assert stems(made) == "ca"
    assert [track["why"] for track in made] == [
        {"likeness": 0.995, "likest": "/m/d.mp3", "words": {"Female Voice": 0.4}},
        {"likeness": 0.9553, "likest": "/m/d.mp3", "words": {"Female Voice": 0.05}},
    ]


def test_a_mixture_is_between_its_examples_and_names_the_likest(tagger: Tagger, library: Path) -> None:
    fill(library, [answer(f"/n/{n}.mp3", n) for n in range(5, 10)])
    made = playlist(tagger, "--like", "/m/a.mp3", "--like", "/n/7.mp3", "--limit", 4)
    assert stems(made)[0] == "d" and {*stems(made)[1:3]} == {"c", "5"}  # turned by 4, and by 3 and 5
    assert made[0]["why"]["likeness"] == 1.0
    likest = {Path(track["path"]).stem: track["why"]["likest"] for track in made}
    assert (likest["c"], likest["5"]) == ("/m/a.mp3", "/n/7.mp3")


def test_an_example_given_twice_counts_once_and_a_silent_one_is_named(tagger: Tagger, library: Path) -> None:
    once = playlist(tagger, "--like", "/m/a.mp3")
    assert playlist(tagger, "--like", "/m/a.mp3", "--like", "/m/a.mp3") == once
    with Store.open(str(library), create=False) as store:
        store.database.connection.execute("UPDATE predictions SET silent = 1 WHERE track_id = 4")
    refused = tagger("playlist", "--like", "/m/a.mp3", "--like", "/m/d.mp3")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "tagger: /m/d.mp3: silent, and nothing sounds like it; choose another file for --like\n"
    )


def test_examples_that_no_scan_has_met_are_analysed_with_one_model_loaded_once(
    library: Path, tmp_path: Path
) -> None:
    songs = [make_sound(tmp_path / f"{n}.flac", seconds=2.0 + n) for n in range(2)]
    n_loaded = 0

    def load(card: ModelCard) -> Predictor:
        nonlocal n_loaded
        n_loaded += 1
        return Predictor(card)

    with Library(library, load_predictor=load) as opened:
        made = opened.playlist(like=songs, word="-vocals", format="json")
    assert [Path(track.path).stem for track in made.tracks or ()] == ["a"]
    assert n_loaded == 1
    (reason,) = made.reasons.values()
    assert reason.likest in map(str, songs) and reason.words == pytest.approx({"Vocals": 0.1}, abs=0.01)


def test_a_playlist_is_sorted_by_valence_and_by_the_words_asked_for(tagger: Tagger, library: Path) -> None:
    assert stems(playlist(tagger, "--sort", "valence")) == "cbad"
    assert stems(playlist(tagger, "--sort", "-valence", "--limit", 2)) == "ab"
    assert stems(playlist(tagger, "--word", "piano", "--sort=-word")) == "ab"
    assert stems(playlist(tagger, "--word", "piano", "--sort=-word", "--like", "/m/d.mp3")) == "ab"
    refused = tagger("playlist", "--sort=-word")
    assert refused.err == "tagger: --sort -word is by the words asked for; give one, such as --word piano\n"


def test_a_file_of_playlists_has_words_without_them_moods_and_several_examples(
    tagger: Tagger, library: Path, tmp_path: Path
) -> None:
    text = """
        ["Calm piano"]
        word = ["piano", "-vocals"]
        mood = "calm"
        valence = "0.6-"
        output = "calm.json"

        ["Like both"]
        like = ["/m/a.mp3", "/m/d.mp3"]
        not-word = "female voice"
        output = "both.json"
        """
    (tmp_path / "lists.toml").write_text(text, encoding="utf-8")
    assert tagger("playlists", "apply", tmp_path / "lists.toml").code == 0
    made = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("calm", "both")}
    assert {name: stems(tracks) for name, tracks in made.items()} == {"calm": "a", "both": "c"}
    assert made["both"][0]["why"]["likest"] == "/m/d.mp3"


def test_a_rule_for_navidrome_asks_for_words_and_moods_and_cannot_say_valence(
    tagger: Tagger, library: Path
) -> None:
    rule = tagger("playlist", "--format", "nsp", "--word", "female vocals", "--mood", "calm", "--mood", "sad")
    assert rule.json["all"] == [
        {"is": {"grouping": "Female Voice"}},
        {"any": [{"is": {"mood": "calm"}}, {"is": {"mood": "sad"}}]},
    ]
    for unsayable in (["--valence", "0.6-"], ["--sort", "-valence"], ["--like", "/m/a.mp3"]):
        refused = tagger("playlist", "--format", "nsp", *unsayable)
        assert refused.code == 2 and f"and cannot say {unsayable[0]}" in refused.err


def test_models_lists_the_words_that_can_be_asked_for(tagger: Tagger, library: Path) -> None:
    known = {word.name: word.kind for word in load_card(DEFAULT_MODEL).all_words}
    (standard,) = (one for one in tagger("models", "--json").json if one["id"] == DEFAULT_MODEL)
    assert (standard["words"], standard["mood"]) == ([*known], True)
    out = tagger("models").out
    first = next(word for word, kind in known.items() if kind == "instrument")
    assert f"\n  words of instrument: {first}, " in out
