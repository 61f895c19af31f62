"""What was written into the files' own tags: enough to take it back, and to know after a crash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from tagger.files import FileState
from tagger.store import checked, keys_and_tempos, words
from tagger.store.corrections import Correction, Corrections
from tagger.store.own_tags import fields_written
from tagger.store.rows import (
    EVERY_PATH,
    SOUND,
    PathRange,
    SqlValue,
    StoredPath,
    genres_of_rows,
    path_from,
    path_ranges,
    stored_path,
)
from tagger.types import HAS_WORD, CorrectedField, Sound

if TYPE_CHECKING:
    from tagger.store.database import Database

PAGE = 500
"""Rows that are read at once, so that memory stays flat."""

ChangeState = Literal["prepared", "written", "undoing", "undone", "left"]

TRACKS_TO_TAG = f"""
    SELECT id, path, size, mtime_ns, audio_id, energy, silent, bpm, bpm_confidence,
        {SOUND}, {words.COLUMNS}, {keys_and_tempos.COLUMNS}
    FROM tracks CROSS JOIN predictions p ON p.track_id = id AND p.model = ?{words.JOIN}{keys_and_tempos.JOIN}
    WHERE path >= ? AND path < ? AND missing_since IS NULL ORDER BY path LIMIT ?"""
_GENRES = """
    SELECT genre, probability FROM {scores} WHERE track_id = ? AND model = ?
    ORDER BY probability DESC, genre"""
_WRITTEN = "SELECT previous FROM tag_changes WHERE track_id = ? AND state = 'written' ORDER BY id"
_AT = "SELECT id, audio_id FROM tracks JOIN predictions ON track_id = id AND model = ? WHERE path = ?"
_EARLIER = """
    SELECT id FROM tracks JOIN predictions ON track_id = id AND model = ?
    WHERE path = ? AND path < ? AND audio_id = ? AND size = ? AND mtime_ns = ?"""
_OF_SOUND = "SELECT id, path, size, mtime_ns FROM tracks WHERE audio_id = ? LIMIT ?"

_INSERT = """
    INSERT INTO tag_changes (run_id, track_id, path, audio_id, previous, keep_mtime, in_place,
        before_size, before_mtime_ns, after_size, after_mtime_ns, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'prepared') RETURNING id"""
_UNDO = """
    UPDATE tag_changes SET state = 'undoing', undo_run_id = ?, path = ?,
        before_size = ?, before_mtime_ns = ?, after_size = ?, after_mtime_ns = ? WHERE id = ?"""
_RECORD = """
    UPDATE tag_changes SET state = ?, previous = coalesce(?, previous),
        after_size = coalesce(?, after_size), after_mtime_ns = coalesce(?, after_mtime_ns) WHERE id = ?"""
# SQLite sorts a text, as a damaged row may hold, behind every number.
_LAST_UNDOABLE = """
    SELECT run_id FROM tag_changes WHERE state = 'written' AND typeof(run_id) = 'integer'
    ORDER BY run_id DESC LIMIT 1"""

_SELECT = """
    SELECT c.id, c.path, c.audio_id, c.state, c.previous, c.keep_mtime, c.in_place,
        c.before_size, c.before_mtime_ns, c.after_size, c.after_mtime_ns, t.path
    FROM tag_changes c LEFT JOIN tracks t ON t.id = c.track_id WHERE c.id > :id"""
_OF_RUN = f"{_SELECT} AND c.run_id = :run AND c.state IN ('written', 'left') ORDER BY c.id LIMIT :page"
# A run that was cut off has no end, and what it says it wrote may not have outlived a power cut.
_UNCERTAIN = f"""
    {_SELECT} AND c.state IN ('prepared', 'undoing')
    UNION ALL
    {_SELECT} AND c.state = 'written' AND c.run_id IN
        (SELECT id FROM runs WHERE finished_at IS NULL AND command = 'write-tags')
    ORDER BY 1 LIMIT :page"""

_CUT_OFF_WRITES = """
    SELECT r.id, count(c.id), coalesce(sum(after_size), 0) FROM runs r
    LEFT JOIN tag_changes c ON c.run_id = r.id AND c.state = 'written'
    WHERE r.finished_at IS NULL AND r.command = 'write-tags' GROUP BY r.id"""
_CUT_OFF_UNDOS = """
    SELECT r.id, count(c.id) FROM runs r
    LEFT JOIN tag_changes c ON c.undo_run_id = r.id AND c.state IN ('undone', 'left')
    WHERE r.finished_at IS NULL AND r.command = 'undo' GROUP BY r.id"""


@dataclass(frozen=True, slots=True)
class TaggableTrack:
    """The answers for a file of a certain state; `genres` with their probabilities, likeliest first.

    `genres` and `words` (those that it has) are empty, `energy` and the `mood` None where the model predicts
    none. `bpm` and `bpm_confidence` are None where it predicts no tempo, and the `key` where none is heard.
    `ours` are the texts that we wrote into its file, by field, and `said` is what the owner says of its
    sound, by field likewise.
    """

    id: int
    path: str
    state: FileState
    audio_id: str
    genres: tuple[tuple[str, float], ...]
    energy: float | None
    silent: bool
    bpm: float | None
    bpm_confidence: float | None
    ours: Mapping[str, Collection[str]] = field(default_factory=dict)
    mood: str | None = None
    mood_confidence: float | None = None
    words: tuple[tuple[str, float], ...] = ()
    said: Mapping[CorrectedField, Correction] = field(default_factory=dict)
    sound: Sound = "music"
    key: str | None = None
    key_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SoundName:
    """A track of a sound: where its file was, and in which state, when the store last knew."""

    track_id: int
    path: str
    state: FileState


@dataclass(frozen=True, slots=True)
class Exchange:
    """The states of a file before and after another copy takes its place."""

    before: FileState
    after: FileState


@dataclass(frozen=True, slots=True)
class NewChange:
    """A write about to happen; `previous` is the JSON object that undoing needs."""

    track: TaggableTrack
    exchange: Exchange
    previous: Mapping[str, Any]
    keep_mtime: bool
    in_place: bool


@dataclass(frozen=True, slots=True)
class TagChange:
    """A stored write: of the file that was at `written_at`, and that by the last scan is at `path` now."""

    id: int
    written_at: str
    path: str
    audio_id: str
    state: ChangeState
    previous: Mapping[str, Any]
    keep_mtime: bool
    in_place: bool
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stored change ended. `state` None: it did not happen and is forgotten.

    The tracks of `track_ids` are the file under all its names: they take `file_state`, so that the next
    scan does not analyse them again. `previous`, if any, replaces the stored one.
    """

    change_id: int
    state: ChangeState | None
    file_state: FileState | None = None
    track_ids: tuple[int, ...] = ()
    previous: Mapping[str, Any] | None = None


class TagChanges:
    """The tables `tag_changes` and `tag_folders`, as `Store.tag_changes`; errors as of `Store`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.tag_changes`."""
        self._database = database
        self._words = words.Words(database)

    def pages_to_tag(
        self,
        paths: Sequence[str],
        model: str,
        among: Container[int] | None = None,
        page_size: int = PAGE,
        no_album: bool = False,
    ) -> Iterator[list[TaggableTrack]]:
        """Yield the tracks with an answer of `model`, at and beneath `paths` or all, in pages by path.

        `among`, if given, holds the ids of the tracks that are asked for. Their genres are those of their
        albums, where these say something, unless `no_album`. Nothing stays open between two pages, so the
        caller may write meanwhile.
        """
        genres = _GENRES.format(scores="genre_scores" if no_album else "genre_answers")
        said = Corrections(self._database).by_sound()
        ranges = path_ranges(paths) or EVERY_PATH
        for low, high in sorted(ranges, key=lambda pair: (isinstance(pair[0], bytes), pair[0])):
            while page := self._database.all(TRACKS_TO_TAG, (model, low, high, page_size)):
                tracks = (
                    self._taggable(row, model, genres) for row in page if among is None or row[0] in among
                )
                yield [replace(track, said=said.get(track.audio_id, {})) for track in tracks]
                low = _next_after(page[-1][1])

    def is_earlier(
        self,
        path: str,
        track: TaggableTrack,
        paths: Sequence[str],
        model: str,
        among: Container[int] | None = None,
    ) -> bool:
        """Tell whether `pages_to_tag` gave one at `path` before this track, of the same sound and state."""
        at, state = stored_path(path), track.state
        key = (model, at, stored_path(track.path), track.audio_id, state.size, state.mtime_ns)
        found = self._database.all(_EARLIER, key)
        return any(among is None or track_id in among for (track_id,) in found) and _within(
            at, path_ranges(paths)
        )

    def ids_at(self, paths: Iterable[str], model: str) -> dict[str, tuple[int, str]]:
        """Give (track id, audio_id) of those of `paths` of which `model` has an answer."""
        found = {path: self._database.all(_AT, (model, stored_path(path))) for path in paths}
        return {path: (rows[0][0], checked.text(rows[0][1]) or "") for path, rows in found.items() if rows}

    def names(self, audio_id: str, limit: int = -1) -> list[SoundName]:
        """Give the tracks with this sound, or only so many of them."""
        rows = self._database.all(_OF_SOUND, (audio_id, limit))
        return [SoundName(track_id, path_from(path), _state(*state)) for track_id, path, *state in rows]

    def path_in_state(self, track_id: int, state: FileState) -> str | None:
        """Give the path of a track that the store has in this state; None where it has it in another."""
        sql = "SELECT path FROM tracks WHERE id = ? AND size = ? AND mtime_ns = ?"
        path = self._database.value(sql, (track_id, state.size, state.mtime_ns))
        return None if path is None else path_from(path)

    def is_known(self, path: str, audio_id: str, state: FileState) -> bool:
        """Tell whether there is a track at `path`, with this sound in this state."""
        sql = "SELECT 1 FROM tracks WHERE path = ? AND audio_id = ? AND size = ? AND mtime_ns = ?"
        return bool(self._database.value(sql, (stored_path(path), audio_id, state.size, state.mtime_ns)))

    def enter_folders(self, run: int, folders: Iterable[str], token: str) -> None:
        """Remember that `run` may leave temporary files in `folders`; on the disk when this returns.

        `token` is in their names: whatever else lies there is never touched.
        """
        rows = [(run, stored_path(folder), token) for folder in folders]
        with self._database.transaction(durable=True) as connection:
            connection.executemany("INSERT OR IGNORE INTO tag_folders VALUES (?, ?, ?)", rows)

    def folders(self, run: int | None = None) -> list[tuple[str, str]]:
        """Give the folders that `run`, or any run, has entered and not left, each with the run's token."""
        sql = "SELECT DISTINCT folder, token FROM tag_folders WHERE coalesce(?, run_id) = run_id"
        return [(path_from(folder), str(token)) for folder, token in self._database.all(sql, (run,))]

    def paths(self) -> Iterator[str]:
        """Yield the path of every track, and of every file that was written, some of them twice."""
        rows = self._database.rows("SELECT path FROM tracks UNION ALL SELECT path FROM tag_changes")
        return (path_from(path) for (path,) in rows)

    def leave_folders(self, folders: Iterable[tuple[str, str]]) -> None:
        """Forget folders in which nothing temporary with that token is left."""
        with self._database.transaction() as connection:
            values = [(stored_path(folder), token) for folder, token in folders]
            connection.executemany("DELETE FROM tag_folders WHERE folder = ? AND token = ?", values)

    def prepare(self, run: int, changes: Iterable[NewChange]) -> list[int]:
        """Store the writes that are about to happen and give their ids; on the disk when this returns.

        Otherwise a power cut could leave a file that is new beside a store that does not know what was
        in it.
        """
        rows = [_values(run, change) for change in changes]
        with self._database.transaction(durable=True) as connection:
            return [connection.execute(_INSERT, row).fetchone()[0] for row in rows]

    def prepare_undo(self, run: int, undone: Iterable[tuple[TagChange, str, Exchange]]) -> None:
        """Store which changes `run` is about to take back in the file at a path; on the disk likewise."""
        rows = [(run, stored_path(path), *_states(exchange), one.id) for one, path, exchange in undone]
        with self._database.transaction(durable=True) as connection:
            connection.executemany(_UNDO, rows)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Store how a batch of prepared changes ended, in one transaction."""
        with self._database.transaction() as connection:
            for one in outcomes:
                _record(connection, one)

    def nothing_is_open(self) -> bool:
        """Tell whether no run has left a folder, a change that may not have happened, or its record open."""
        nothing_left = not self.folders() and next(self.uncertain(), None) is None
        return nothing_left and not self.interrupted_runs()

    def uncertain(self) -> Iterator[list[TagChange]]:
        """Yield, in pages, the changes of which it is not certain whether they happened."""
        yield from self._pages(_UNCERTAIN, {})

    def of_run(self, run: int) -> Iterator[list[TagChange]]:
        """Yield, in pages, the changes that `run` has written and nobody has wholly taken back."""
        yield from self._pages(_OF_RUN, {"run": run})

    def last_undoable_run(self) -> int | None:
        """Give the last run with a file that nobody has tried to take back, or could not be; or None."""
        run: int | None = self._database.value(_LAST_UNDOABLE)
        return run

    def interrupted_runs(self) -> dict[int, dict[str, int]]:
        """Give the runs of write-tags and undo without an end: the counts of what each has done."""
        written, undone = self._database.all(_CUT_OFF_WRITES), self._database.all(_CUT_OFF_UNDOS)
        return {
            **{run: {"files_written": files, "bytes_written": n_bytes} for run, files, n_bytes in written},
            **{run: {"files_restored": files} for run, files in undone},
        }

    def _pages(self, sql: str, values: dict[str, SqlValue]) -> Iterator[list[TagChange]]:
        last_id = 0
        while rows := self._database.all(sql, {**values, "id": last_id, "page": PAGE}):
            yield [_change(row) for row in rows]
            last_id = rows[-1][0]

    def _taggable(self, row: tuple[Any, ...], model: str, genres: str) -> TaggableTrack:
        track_id, path, size, mtime_ns, audio_id, energy, silent, bpm, bpm_confidence, sound, *said = row
        _, mood, mood_confidence, likely = self._words.read(said[: words.N_COLUMNS], HAS_WORD)
        heard = keys_and_tempos.read(said[words.N_COLUMNS :])
        return TaggableTrack(
            id=track_id,
            path=path_from(path),
            state=_state(size, mtime_ns),
            audio_id=checked.text(audio_id) or "",
            genres=tuple(genres_of_rows(self._database.all(genres, (track_id, model)))),
            energy=checked.share(energy),
            silent=bool(silent),
            bpm=checked.bpm(bpm),
            bpm_confidence=checked.share(bpm_confidence),
            ours=self._ours(track_id),
            mood=mood,
            mood_confidence=mood_confidence,
            words=tuple(likely.items()),
            sound=checked.sound(sound),
            key=heard.key,
            key_confidence=heard.key_confidence,
        )

    def _ours(self, track_id: int) -> dict[str, set[str]]:
        """The texts of each field that some write has put into the file, and the later ones have kept."""
        ours: dict[str, set[str]] = {}
        for (previous,) in self._database.all(_WRITTEN, (track_id,)):
            for name, before, after in fields_written(checked.json_object(previous)):
                kept = ours.get(name, set()).intersection(after)
                ours[name] = kept | ({*after} - {*before})
        return ours


def _record(connection: sqlite3.Connection, one: Outcome) -> None:
    if one.state is None:
        connection.execute("DELETE FROM tag_changes WHERE id = ?", (one.change_id,))
    else:
        previous = None if one.previous is None else json.dumps(one.previous)
        state = one.file_state
        after = (state.size, state.mtime_ns) if state else (None, None)
        connection.execute(_RECORD, (one.state, previous, *after, one.change_id))
    if one.file_state:
        values = [(one.file_state.size, one.file_state.mtime_ns, track) for track in one.track_ids]
        connection.executemany("UPDATE tracks SET size = ?, mtime_ns = ? WHERE id = ?", values)


def _values(run: int, change: NewChange) -> tuple[SqlValue, ...]:
    """The columns of a new row from `run_id` on, but for `state`."""
    track = change.track
    flags = int(change.keep_mtime), int(change.in_place)
    previous = json.dumps(change.previous)
    return run, track.id, stored_path(track.path), track.audio_id, previous, *flags, *_states(change.exchange)


def _states(exchange: Exchange) -> tuple[int, int, int, int]:
    """The columns before_size, before_mtime_ns, after_size, after_mtime_ns."""
    before, after = exchange.before, exchange.after
    return before.size, before.mtime_ns, after.size, after.mtime_ns


def _change(row: tuple[Any, ...]) -> TagChange:
    """A change from the columns of `_SELECT`."""
    change_id, path, audio_id, state, previous, keep_mtime, in_place, *states, now_at = row
    return TagChange(
        id=change_id,
        written_at=path_from(path),
        path=path_from(path if now_at is None else now_at),
        audio_id=checked.text(audio_id) or "",
        state=state,
        previous=checked.json_object(
            previous
        ),  # an empty one is refused when it is used, with the file's name
        keep_mtime=bool(keep_mtime),
        in_place=bool(in_place),
        exchange=Exchange(_state(*states[:2]), _state(*states[2:])),
    )


def _state(size: Any, mtime_ns: Any) -> FileState:
    return FileState(checked.whole(size), checked.whole(mtime_ns))


def _next_after(path: StoredPath) -> StoredPath:
    # No name holds NUL, so nothing lies between.
    return path + "\x01" if isinstance(path, str) else path + b"\x01"


def _within(path: StoredPath, ranges: Sequence[PathRange]) -> bool:
    same_kind = (pair for pair in ranges if type(pair[0]) is type(path))
    return not ranges or any(low <= path < high for low, high in same_kind)  # type: ignore[operator]
