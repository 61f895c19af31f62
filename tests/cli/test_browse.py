"""The database in a browser, by a real Datasette on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagger.cli.browse import HOST, metadata
from tests.cli.conftest import Tagger
from tests.cli.test_sql import QUESTIONS, database  # noqa: F401 - the library that they are put to


def test_all_questions_and_every_column_that_needs_it_are_described() -> None:
    described = metadata("tagger")["databases"]["tagger"]
    assert [query["title"] for query in described["queries"].values()] == [
        title.rstrip(":?") for title, _ in QUESTIONS
    ]
    assert len(described["queries"]) == 10
    assert described["tables"]["library"]["columns"]["energy_level"] == "1–10"
    assert described["tables"]["tracks"]["description"] == "A row is a file that was analysed."


def test_where_datasette_is_not_installed_it_is_said_how_it_is(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.cli.browse.find_spec", lambda name: None)
    refused = tagger("browse")
    assert (refused.code, refused.err) == (
        2,
        "tagger: browse needs Datasette; pip install 'music-tagger[browse]'\n",
    )


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def browsed(database: object, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:  # noqa: F811
    """The address of a library that is looked through, until a signal ends it."""
    pytest.importorskip("datasette")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tagger", "browse", "--port", str(port)]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TAGGER_DB": str(tmp_path / "tagger.db"), "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    address = f"http://{HOST}:{port}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
    yield address
    process.send_signal(request.param)
    assert process.wait(30) == 130
    assert list(temporary.iterdir()) == []
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)


def read(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return json.load(answer)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a signal is sent to the process alone")
def test_questions_are_answered_and_nothing_can_be_changed(browsed: str) -> None:
    (calmest,) = [
        name
        for name in metadata("tagger")["databases"]["tagger"]["queries"]
        if name.startswith("the-calmest")
    ]
    rows = read(f"{browsed}/tagger/{calmest}.json?_shape=array")
    found = [(row["genre"], row["energy"]) for row in rows]
    assert found == [("Folk", 0.1), ("Jazz", 0.2), ("Surf", 0.3), ("Rock", 0.85)]
    sql = urllib.parse.urlencode({"sql": "delete from tracks"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        read(f"{browsed}/tagger.json?{sql}")
    assert len(read(f"{browsed}/tagger/tracks.json?_shape=array")) == 5
