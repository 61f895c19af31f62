"""What Tab completes: commands, options, and the values they take."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import pytest

from tagger.cli.completion import plain
from tagger.model_card import DEFAULT_MODEL, installed_models, load_card
from tagger.playlist import FORMATS, SHAPES, SORTS
from tagger.query import TrackOrder, genre_meant
from tagger.store import Correction, Store
from tagger.tags import PLAYERS
from tests.cli.conftest import Tagger
from tests.own_model import SMALL_MODEL, make_own_model

Completed = Callable[[str], list[str]]


@pytest.fixture
def completed(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> Completed:
    """Gives what Bash would offer where the line ends."""

    def offered(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_TAGGER_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        result = tagger()
        assert (result.code, result.err) == (0, "")
        return result.out.split()

    return offered


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("tagger dup", ["duplicates"]),
        ("tagger playlists ", ["apply"]),
        ("tagger playlist --shape ", SHAPES),
        ("tagger playlist --sort ", SORTS),
        ("tagger playlist --format ", FORMATS),
        ("tagger playlist --format x", ["xspf"]),
        ("tagger list --sort ", get_args(TrackOrder)),
        ("tagger list --energy ", ["low", "medium", "high"]),
        ("tagger list --genre J", ["Jazz"]),
        ("tagger list --sound s", ["speech"]),
        ("tagger list --key B", ["Bb", "B", "Bbm", "Bm"]),
        ("tagger playlist --mixes-with E", ["Eb", "E", "Ebm", "Em"]),
        ("tagger stats --not-genre hip", ["hip-hop"]),
        ("tagger playlist --genre R", ["R-and-B", "Reggae", "Rock"]),
        ("tagger list --model small --genre New", ["New-Age"]),
        ("tagger list --model no-such --genre New", []),
        ("tagger list --model ", installed_models()),
        ("tagger models compare small-6 st", [DEFAULT_MODEL]),
        ("tagger evaluate --model sm", [SMALL_MODEL]),
        ("tagger doctor --for ", PLAYERS),
        ("tagger show --device c", ["cpu", "cuda"]),
        ("tagger write-tags --genre ", ["missing", "replace", "add", "never"]),
        ("tagger scan --log-format ", ["text", "json"]),
        ("tagger help pl", ["players", "playlists", "playlist"]),
    ],
)
def test_tab_completes_values(completed: Completed, line: str, values: Sequence[str]) -> None:
    assert completed(line) == [*values]


def test_tab_completes_the_owners_models(
    completed: Completed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "models"))
    make_own_model(tmp_path / "models" / "mine-1", "mine-1")
    assert completed("tagger models remove ") == ["mine-1"]
    assert "mine-1" in completed("tagger scan --model ")


def test_a_genre_is_completed_so_that_a_shell_and_a_filter_understand_it() -> None:
    genres = load_card(DEFAULT_MODEL).genres
    for genre in [*genres, "Drum & Bass", "Rock/Pop"]:
        typed = plain(genre)
        assert typed.replace("-", "").isalnum()
        assert genre_meant(typed, [*genres, "Drum & Bass", "Rock/Pop"]) == genre


def test_tab_completes_the_owners_names_for_genres(
    completed: Completed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[genres]\nrename = { International = "World" }\n')
    monkeypatch.setenv("TAGGER_CONFIG", str(file))
    assert completed("tagger list --genre Wo") == ["World"]
    assert completed("tagger list --genre Int") == []
    assert completed("tagger --config none list --genre Int") == ["International"]
    file.write_text("faulty")
    assert completed("tagger list --genre Wo") == []
    assert completed("tagger config ") == ["init"]


def test_tab_completes_the_owners_own_genres(completed: Completed, db: Path) -> None:
    assert completed("tagger set a.mp3 --genre Su") == []
    with Store.open(str(db), create=True) as store:
        store.corrections.put("genre", {"aa": Correction("set", ("Surf & Twang",))})
    assert completed("tagger set a.mp3 --genre Su") == ["Surf-and-Twang"]
    assert completed("tagger list --genre su") == ["surf-and-twang"]
    db.write_bytes(b"no database")
    assert completed("tagger list --genre Su") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_too(tagger: Tagger, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("_TAGGER_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "tagger playlist --shape w")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    out = tagger().out
    assert "wave" in out and "warmup-peak-cooldown" in out and "fall" not in out
