"""The files that scans have met: their states, failures, and answers reused for known sounds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Literal

from tagger.files import Fingerprint, fingerprint
from tagger.store import checked
from tagger.store.album_answers import SPEAK_ALONE
from tagger.store.noticed import note_edits
from tagger.store.own_tags import own_genres, own_values
from tagger.store.rows import (
    SqlValue,
    failure_values,
    iso,
    now,
    path_from,
    path_ranges,
    stored_path,
    stored_text,
    track_values,
)
from tagger.store.schema import ANSWER_TABLES
from tagger.types import Analysis, Failure, Identified

if TYPE_CHECKING:
    from tagger.store.database import Database

_ID = "SELECT id FROM tracks WHERE path = ?"
_STATES = "SELECT path, size, mtime_ns FROM tracks"
_NO_FAULT_OF_THE_FILE = "stage IN ('scan', 'read')"
_BENEATH = "WHERE path >= ? AND path < ?"

# Another sound under the same path: what any model said of the old one is void. A changed tag
# leaves audio_id, and with it the other models' answers.
_FORGET_OTHER_SOUND = [
    f"""
    DELETE FROM {table}
    WHERE track_id = (SELECT id FROM tracks WHERE path = :path AND audio_id <> :audio_id)"""
    for table in ("predictions", "embeddings")
]
_UPSERT_TRACK = """
    INSERT INTO tracks
        (path, size, mtime_ns, audio_id, duration_s, codec, sample_rate_hz, channels, scanned_at,
         title, artist, album, year, damaged, album_artist, compilation, album_id,
         tag_genres, tag_energy_level, tag_bpm, tag_key)
    VALUES
        (:path, :size, :mtime_ns, :audio_id, :duration_s, :codec, :sample_rate_hz, :channels, :scanned_at,
         :title, :artist, :album, :year, :damaged, :album_artist, :compilation, :album_id,
         :tag_genres, :tag_energy_level, :tag_bpm, :tag_key)
    ON CONFLICT (path) DO UPDATE SET
        size = excluded.size, mtime_ns = excluded.mtime_ns, audio_id = excluded.audio_id,
        duration_s = excluded.duration_s, codec = excluded.codec,
        sample_rate_hz = excluded.sample_rate_hz, channels = excluded.channels,
        scanned_at = excluded.scanned_at, title = excluded.title, artist = excluded.artist,
        album = excluded.album, year = excluded.year, damaged = excluded.damaged,
        album_artist = excluded.album_artist, compilation = excluded.compilation,
        album_id = excluded.album_id, tag_genres = excluded.tag_genres,
        tag_energy_level = excluded.tag_energy_level, tag_bpm = excluded.tag_bpm,
        tag_key = excluded.tag_key"""
_UPSERT_FAILURE = """
    INSERT INTO failures (path, size, mtime_ns, stage, reason, failed_at, since)
    VALUES (:path, :size, :mtime_ns, :stage, :reason, :failed_at, :since)
    ON CONFLICT (path) DO UPDATE SET
        since = CASE
            WHEN (size, mtime_ns, reason) = (excluded.size, excluded.mtime_ns, excluded.reason) THEN since
            ELSE excluded.since
        END,
        size = excluded.size, mtime_ns = excluded.mtime_ns, stage = excluded.stage,
        reason = excluded.reason, failed_at = excluded.failed_at"""
_OWNERS = (
    "SELECT id, path FROM tracks CROSS JOIN predictions ON track_id = id AND model = ? WHERE audio_id = ?"
)

_OF_THE_SOUND = ("audio_id", "duration_s", "codec", "sample_rate_hz", "channels", "damaged")


@dataclass(frozen=True, slots=True)
class Reuse:
    """How a file gets answers that are known for its sound, from the track `track_id`.

    `unchanged`: the track is the file itself, only its tags or date are new. `moved`: the track's file is
    gone, and it goes on under the file's path. `duplicate`: the track stays, and its answers are copied.
    """

    file: Identified
    kind: Literal["unchanged", "moved", "duplicate"]
    track_id: int


class KnownFiles:
    """The tables `tracks` and `failures` of an open store, as `Store.files`; errors as of `Store`.

    `n_noticed` counts the fields of ours that somebody has changed, as the files that were stored said.
    """

    def __init__(self, database: Database) -> None:
        """Use `Store.files`."""
        self._database = database
        self.n_noticed = 0

    def tracked(self) -> set[Fingerprint]:
        """Give the fingerprints of all files that were analysed, in the state in which they were."""
        # Such a row is what is hashed; paths that are no UTF-8 are the last of the index.
        found = self._database.hashes(f"{_STATES} WHERE typeof(path) = 'text'")
        found |= _fingerprints(self._database.rows(f"{_STATES} WHERE path >= x''"))
        return found

    def unanswered(self, model: str) -> set[Fingerprint]:
        """Give those of `tracked` without an answer of `model`."""
        n_tracks = self._database.value("SELECT count(*) FROM tracks")
        n_answers = self._database.value("SELECT count(*) FROM predictions WHERE model = ?", (model,))
        if n_tracks == n_answers:
            return set()
        sql = f"{_STATES} WHERE NOT EXISTS (SELECT 1 FROM predictions WHERE track_id = id AND model = ?)"
        return _fingerprints(self._database.rows(sql, (model,)))

    def without_own_tags(self) -> set[Fingerprint]:
        """Give those of `tracked` whose own tags were never read: an earlier tagger did not."""
        return _fingerprints(self._database.rows(f"{_STATES} WHERE tag_genres IS NULL"))

    def failed(self, since: datetime) -> set[Fingerprint]:
        """Give the fingerprints of files that could not be analysed when it was last tried, after `since`.

        Where the drive or the rights were at fault, which may be mended by now, the file is not among them.
        """
        sql = f"SELECT path, size, mtime_ns FROM failures WHERE failed_at > ? AND NOT {_NO_FAULT_OF_THE_FILE}"
        return _fingerprints(self._database.rows(sql, (iso(since),)))

    def unread(self) -> set[Fingerprint]:
        """Give the fingerprints of files that could not be read through no fault of their own."""
        sql = f"SELECT path, size, mtime_ns FROM failures WHERE {_NO_FAULT_OF_THE_FILE}"
        return _fingerprints(self._database.rows(sql))

    def beneath(self, paths: Sequence[str]) -> Iterator[tuple[int, str, Fingerprint, bool]]:
        """Yield (track id, path, fingerprint, whether missing) of the tracks at and beneath `paths`."""
        sql = f"SELECT id, path, size, mtime_ns, missing_since FROM tracks {_BENEATH}"
        for bounds in path_ranges(paths):
            for track_id, stored, size, mtime_ns, missing_since in self._database.all(sql, bounds):
                path = path_from(stored)
                yield track_id, path, fingerprint(path, size, mtime_ns), missing_since is not None

    def sounds(self, paths: Sequence[str]) -> set[str]:
        """Give the `audio_id` of every track at and beneath `paths`."""
        sql = f"SELECT audio_id FROM tracks {_BENEATH}"
        found = (row for bounds in path_ranges(paths) for row in self._database.all(sql, bounds))
        return {audio_id for (audio_id,) in found if isinstance(audio_id, str)}

    def own_genres(self) -> list[str]:
        """Give the genres in the files' own tags, each once, the most frequent first."""
        sql = "SELECT tag_genres FROM tracks GROUP BY tag_genres ORDER BY count(*) DESC, tag_genres"
        words = (own_genres(checked.text(stored)) for (stored,) in self._database.all(sql))
        return list(dict.fromkeys(chain.from_iterable(words)))

    def folders_apart(self) -> set[str]:
        """Give the folders whose tracks do not come together in the order of paths: a name is not UTF-8.

        Such names are kept as bytes, behind all texts.
        """
        rows = self._database.rows("SELECT path FROM tracks WHERE path >= x''")
        return {os.path.dirname(path_from(path)) for (path,) in rows}

    def any_beneath(self, path: str) -> bool:
        """Tell whether there is any track at or beneath `path`."""
        sql = f"SELECT 1 FROM tracks {_BENEATH} LIMIT 1"
        return any(self._database.value(sql, bounds) for bounds in path_ranges([path]))

    def any_missing(self) -> bool:
        """Tell whether any track is marked missing."""
        return bool(self._database.value("SELECT EXISTS (SELECT 1 FROM tracks WHERE missing_since NOTNULL)"))

    def mark_missing(self, missing: Iterable[int], found: Iterable[int]) -> None:
        """Note that the tracks `missing` (ids) are gone from now on, and that those `found` are back."""
        sql, at = "UPDATE tracks SET missing_since = ? WHERE id = ?", now()
        with self._database.transaction() as connection:
            connection.executemany(sql, [(at, track_id) for track_id in missing])
            connection.executemany(sql, [(None, track_id) for track_id in found])

    def forget_missing(self, before: datetime) -> int:
        """Delete the tracks missing since before that time with all that is known of them; their number."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM tracks WHERE missing_since < ?", (iso(before),)).rowcount

    def failures(self, since: str = "") -> Iterator[Failure]:
        """Yield the files that could not be analysed, in the order of paths.

        With a time as the store keeps it, those that did not fail in this way, in this state, before it.
        """
        sql = "SELECT path, stage, reason, size, mtime_ns FROM failures WHERE since >= ? ORDER BY path"
        for path, *rest in self._database.rows(sql, (since,)):
            stage, reason, size, mtime_ns = rest
            said = checked.text(stage) or "", checked.text(reason) or ""
            yield Failure(path_from(path), *said, checked.whole(size), checked.whole(mtime_ns))

    def failures_beneath(self, paths: Sequence[str], before: datetime) -> Iterator[tuple[str, bool]]:
        """Yield the paths, at and beneath `paths`, of files that could not be analysed.

        The second value is whether a walk had found that, the last time before a time.
        """
        sql = f"SELECT path, stage = 'scan' AND failed_at < ? FROM failures {_BENEATH}"
        for bounds in path_ranges(paths):
            for path, is_of_walk in self._database.all(sql, (iso(before), *bounds)):
                yield path_from(path), bool(is_of_walk)

    def forget_failures(self, paths: Sequence[str]) -> None:
        """Delete the failures of the files at `paths`."""
        with self._database.transaction() as connection:
            values = [(stored_path(path),) for path in paths]
            connection.executemany("DELETE FROM failures WHERE path = ?", values)

    def faults(self) -> set[Fingerprint]:
        """Give the fingerprints, by `fault`, of all that could not be analysed."""
        rows = self._database.rows("SELECT path, size, mtime_ns, reason FROM failures")
        return {hash((path_from(path), *rest)) for path, *rest in rows}

    def damaged(self) -> Iterator[Failure]:
        """Yield the files that have an answer though they are damaged, in order of paths."""
        reason = "damaged: some of it cannot be decoded, or it ends too early; replace the file"
        for path, size, mtime_ns in self._database.rows(f"{_STATES} WHERE damaged ORDER BY path"):
            yield Failure(path_from(path), "decode", reason, size, mtime_ns)

    def owners(self, audio_id: str, model: str, limit: int = -1) -> list[tuple[int, str]]:
        """Give id and path of the tracks with this sound of which `model` has an answer, or of so many."""
        return self._owners(f"{_OWNERS} LIMIT ?", (model, audio_id, limit))

    def owners_at(self, paths: Iterable[str], audio_id: str, model: str) -> list[tuple[int, str]]:
        """Give those of `owners` that are at these paths."""
        sql = f"{_OWNERS} AND path = ?"
        return [one for path in paths for one in self._owners(sql, (model, audio_id, stored_path(path)))]

    def owners_among(self, ids: Iterable[int], audio_id: str, model: str) -> list[tuple[int, str]]:
        """Give those of `owners` that have these ids."""
        sql = f"{_OWNERS} AND id = ?"
        return [one for track_id in ids for one in self._owners(sql, (model, audio_id, track_id))]

    def owners_displaced(self, audio_id: str, model: str) -> list[tuple[int, str]]:
        """Give those of `owners` whose path another sound has taken in this scan."""
        sql = _OWNERS.replace("audio_id", "+audio_id")  # of the two, the index of the missing has fewer
        return self._owners(f"{sql} AND missing_since = ''", (model, audio_id))

    def _owners(self, sql: str, values: Sequence[SqlValue]) -> list[tuple[int, str]]:
        return [(track_id, path_from(path)) for track_id, path in self._database.all(sql, values)]

    def reuse(self, plans: Sequence[Reuse]) -> None:
        """Give files the answers that are known for their sound, in one transaction."""
        at = now()
        with self._database.transaction() as connection:
            for one in plans:
                path = one.file.file.path
                connection.execute("DELETE FROM failures WHERE path = ?", (stored_path(path),))
                if one.kind != "unchanged":
                    _displace(connection, path)
                if one.kind == "duplicate":
                    _copy(connection, one.track_id, one.file, at)
                else:
                    self._refresh(connection, one.track_id, one.file, at)

    def tell(self, told: Sequence[Identified], unreadable: Sequence[str]) -> None:
        """Store what the tags of known files say, of the files and not of their sounds, in one transaction.

        Those of the files at the paths `unreadable` say nothing, and are not read again.
        """
        at = now()
        with self._database.transaction() as connection:
            for one in told:
                row = connection.execute(_ID, (stored_path(one.file.path),)).fetchone()
                if row:
                    self._refresh(connection, row[0], one, at)
            values = [(stored_path(path),) for path in unreadable]
            connection.executemany("UPDATE tracks SET tag_genres = '[]' WHERE path = ?", values)

    def put(self, connection: sqlite3.Connection, analyses: Sequence[Analysis], at: str) -> list[int]:
        """Store the tracks of `analyses` inside the caller's transaction and give their ids.

        Tracks that are known by their path keep their id.
        """
        tracks = [self._values(connection, one, at) for one in analyses]
        paths = [(track["path"],) for track in tracks]
        for forget in _FORGET_OTHER_SOUND:
            connection.executemany(forget, tracks)
        connection.executemany(_UPSERT_TRACK, tracks)
        connection.executemany("DELETE FROM failures WHERE path = ?", paths)
        return [connection.execute(_ID, path).fetchone()[0] for path in paths]

    def _values(self, connection: sqlite3.Connection, one: Analysis, at: str) -> dict[str, SqlValue]:
        """The columns of a file that was analysed, perhaps not for the first time."""
        values = track_values(one.file, one.recording, at)
        (track_id,) = connection.execute(_ID, (values["path"],)).fetchone() or (None,)
        if track_id is not None:
            self.n_noticed += note_edits(connection, track_id, one.file, one.recording, at)
        return {**values, **own_values(connection, one.recording.own, track_id)}

    def _refresh(self, connection: sqlite3.Connection, track_id: int, known: Identified, at: str) -> None:
        """Renew what a track's file and its tags say."""
        self.n_noticed += note_edits(connection, track_id, known.file, known.recording, at)
        values = _new_values(connection, track_id, known, at)
        settings = ", ".join(f"{name} = :{name}" for name in values)
        sql = f"UPDATE tracks SET {settings}, missing_since = NULL WHERE id = :id"
        connection.execute(sql, {**values, "id": track_id})

    def put_failures(self, connection: sqlite3.Connection, failures: Sequence[Failure], at: str) -> None:
        """Store the latest failure of each path inside the caller's transaction."""
        connection.executemany(_UPSERT_FAILURE, [failure_values(failure, at) for failure in failures])


def _copy(connection: sqlite3.Connection, source: int, known: Identified, at: str) -> None:
    values = _new_values(connection, source, known, at)
    kept = ", ".join(_OF_THE_SOUND)
    marks = ", ".join(f":{name}" for name in values)
    copy = connection.execute(
        f"INSERT INTO tracks ({', '.join(values)}, {kept}) "
        f"SELECT {marks}, {kept} FROM tracks WHERE id = :source",
        {**values, "source": source},
    ).lastrowid
    for table in (*ANSWER_TABLES, "embeddings"):
        columns = connection.execute(f"PRAGMA table_info({table})")
        names = ", ".join(name for _, name, *_ in columns if name != "track_id")
        connection.execute(
            f"INSERT INTO {table} (track_id, {names}) SELECT ?, {names} FROM {table} WHERE track_id = ?",
            (copy, source),
        )
    connection.execute(SPEAK_ALONE, (copy,))  # the copy may be of another album


def _displace(connection: sqlite3.Connection, path: str) -> None:
    """Free a path whose track was of another sound, in case that sound turns up elsewhere in this scan.

    Nothing can lie beneath a file, so the new path is gone; missing for ever, it is forgotten first.
    """
    below = stored_path(displaced(path))
    connection.execute("DELETE FROM tracks WHERE path = ?", (below,))
    connection.execute(
        "UPDATE tracks SET path = ?, missing_since = '' WHERE path = ?", (below, stored_path(path))
    )


def fault(failure: Failure) -> Fingerprint:
    """Hash a failure: equal for the same reason of the same file in the same state."""
    return hash((failure.path, failure.size, failure.mtime_ns, stored_text(failure.reason)))


def displaced(path: str) -> str:
    """Give the path, at which no file can be, of a track whose place another sound has taken."""
    return os.path.join(path, ".displaced")


def _new_values(
    connection: sqlite3.Connection, track_id: int, known: Identified, at: str
) -> dict[str, SqlValue]:
    """The columns that belong to the file and its tags. Of the sound, its first analysis knows more.

    What we wrote into the file of `track_id`, this one or the one that it is a copy of, is not its owner's.
    """
    values = track_values(known.file, known.recording, at)
    of_the_file = {name: value for name, value in values.items() if name not in _OF_THE_SOUND}
    return {**of_the_file, **own_values(connection, known.recording.own, track_id)}


def _fingerprints(rows: Iterable[tuple[str | bytes, int, int]]) -> set[Fingerprint]:
    return {
        hash((path if type(path) is str else path_from(path), size, mtime_ns))
        for path, size, mtime_ns in rows
    }
