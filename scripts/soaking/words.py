"""What the owner says in the place of the models: `set`, `unset`, `corrections`, and what must be true then.

A command that was cut off has said all or nothing. Whatever happened, in each answer stands the owner's word
where there is one, and the model's where there is none.
"""

import json
import os
import random
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing

from soaking.commands import Outcome
from soaking.ground import Ground
from soaking.truth import HarmError

Key = tuple[str, str]
"""A sound and a field."""

Words = dict[Key, tuple[str, str | None, str]]
"""Kind, value and time of what was said of each."""

RunUnderFaults = Callable[[str, list[str], random.Random, set[int]], tuple[Outcome, str]]

_WRONG = """
    SELECT count(*) FROM predictions p JOIN tracks t ON t.id = p.track_id
    LEFT JOIN correction_values g ON g.audio_id = t.audio_id AND g.field = 'genre'
    LEFT JOIN correction_values e ON e.audio_id = t.audio_id AND e.field = 'energy'
    LEFT JOIN correction_values b ON b.audio_id = t.audio_id AND b.field = 'bpm'
    WHERE p.corrected <> (g.said NOTNULL) + 2 * (e.said NOTNULL) + 4 * (b.said NOTNULL)
    OR CASE WHEN g.said NOTNULL THEN (p.genre, p.genre_confidence) IS NOT (g.said, 1.0)
        WHEN p.album_weight ISNULL
            THEN (p.genre, p.genre_confidence) IS NOT (p.track_genre, p.track_genre_confidence)
        ELSE p.genre ISNULL END
    OR p.energy IS NOT coalesce(e.said, p.track_energy)
    OR p.bpm IS NOT coalesce(b.said, p.track_bpm)
    OR p.bpm_confidence IS NOT CASE WHEN b.said NOTNULL THEN 1.0 ELSE p.track_bpm_confidence END"""


def check_words(ground: Ground) -> None:
    """Raise HarmError where an answer is neither the owner's word nor the model's."""
    with _opened(ground) as database:
        (n_wrong,) = database.execute(_WRONG).fetchone()
    if n_wrong:
        raise HarmError(f"{n_wrong} answers are neither the owner's nor the model's")


def say(ground: Ground, run: RunUnderFaults, folders: list[str], rng: random.Random) -> str:
    """Say something of folders, take it back, or take over what was exported before; give what was done."""
    file = os.path.join(ground.root, "words.jsonl")
    before, sounds = _words(ground), _sounds(ground, folders)
    act = rng.choice(["set", "set", "unset", "corrections"])
    if act == "set":
        values = {"genre": '["Surf"]', "energy": '["0.65"]', "bpm": '["87.5"]'}
        fields = rng.sample(list(values), rng.randint(1, 3))
        typed = {"genre": "Surf", "energy": "7", "bpm": "87.5"}
        args = ["set", "--yes", *folders, *(part for f in fields for part in (f"--{f}", typed[f]))]
        meant = {(sound, field): values[field] for sound in sounds for field in fields}
    elif act == "unset":
        args, meant = ["unset", "--yes", *folders], {}
    else:
        if not os.path.exists(file) or rng.random() < 0.3:
            run("corrections", ["corrections", "--export", file], rng, {0})
        args, meant = ["corrections", "--import", file], {}
    theirs = _lines(file) if act == "corrections" and os.path.exists(file) else {}
    outcome, told = run(act, args, rng, {0} if sounds or act == "corrections" else {2})
    after = _words(ground)
    expected = _expected(act, before, sounds, meant, theirs)
    is_done = {key: said[:2] for key, said in after.items()} == expected
    is_whole = outcome.code == 0 and not outcome.is_killed
    if not is_done and (after != before or is_whole):
        raise HarmError(f"{' '.join(args[:1])}: something half said, exit code {outcome.code}")
    return told


def _expected(
    act: str, before: Words, sounds: set[str], meant: dict[Key, str], theirs: Words
) -> dict[Key, tuple[str, str | None]]:
    """What must have been said once the command has come to its end."""
    said = {key: one[:2] for key, one in before.items()}
    if act == "set":
        return said | {key: ("set", value) for key, value in meant.items()}
    if act == "unset":
        return {key: one for key, one in said.items() if key[0] not in sounds}
    newer = {key: one[:2] for key, one in theirs.items() if key not in before or before[key][2] < one[2]}
    return said | newer


def _words(ground: Ground) -> Words:
    with _opened(ground) as database:
        rows = database.execute("SELECT audio_id, field, kind, value, made_at FROM corrections")
        return {(sound, field): (kind, value, at) for sound, field, kind, value, at in rows}


def _sounds(ground: Ground, folders: Iterable[str]) -> set[str]:
    beginnings = tuple(folder + os.sep for folder in folders)
    with _opened(ground) as database:
        rows = database.execute("SELECT audio_id, path FROM tracks").fetchall()
        return {sound for sound, path in rows if str(path).startswith(beginnings)}


def _lines(file: str) -> Words:
    with open(file, encoding="utf-8") as opened:
        found = [json.loads(line) for line in opened]
    return {(one["audio_id"], one["field"]): (one["kind"], _stored(one), one["made_at"]) for one in found}


def _stored(one: dict[str, object]) -> str | None:
    """The column `value` of a line."""
    value = one["value"]
    if value is None:
        return None
    return json.dumps(value if isinstance(value, list) else [f"{value:g}"], ensure_ascii=False)


def _opened(ground: Ground) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{ground.database}?mode=ro", uri=True, timeout=30))
