"""Correct what a model says of files and folders: the owner's word as it is typed, kept, listed, taken back.

A correction is of a sound: it holds for every file that has it, under any name, and for every model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tagger.correct.correction_lines import Corrected, Imported, correction_line, merged, read_corrections
from tagger.correct.typed import bpm_typed, energy_typed, genres_typed, text_of
from tagger.errors import TaggerError
from tagger.files import StrPath, absolute, named_path, replace_atomically
from tagger.model_choice import genres_of, unknown_paths
from tagger.query import genre_meant
from tagger.store import Correction, Said, Store
from tagger.types import CORRECTED_FIELDS, CorrectedField, OwnersWord

Sounds = Mapping[str, frozenset[str]]
"""What the files at and beneath each path sound like: their `audio_id`."""


class OwnersWords:
    """The owner's words on the sounds of a library, as `Library.corrections`; errors as of `Store`.

        library.corrections.set("Ventures/", genre="Surf", energy=7)
        library.corrections.unset("Ventures/intro.mp3", fields=["energy"])

    They are stored at once, also while a scan runs. Files take them at the next `write_tags`.
    """

    def __init__(self, store: Store, model: str) -> None:
        """Use `Library.corrections`."""
        self._store, self._model = store, model

    def sounds(self, *paths: StrPath) -> Sounds:
        """Give the sounds at and beneath each path; raise TaggerError for one at which there is no track."""
        names = [*map(named_path, paths)]
        for line in unknown_paths(names, self._store):
            raise TaggerError(line)
        return {name: frozenset(self._store.files.sounds([name])) for name in names}

    def word(
        self,
        genre: str | Sequence[str] = (),
        energy: str | float | None = None,
        bpm: str | float | None = None,
    ) -> OwnersWord:
        """Read a word as it is typed, a genre in the spelling that is known already.

        An energy is a level from 2 to 10, or a number below 1. Raises TaggerError where it cannot be meant.
        """
        typed = [genre] if isinstance(genre, str) else genre
        genres = genres_typed(";".join(typed)) if typed else ()
        known = self._known_genres() if genres else ()
        return OwnersWord(
            tuple(dict.fromkeys(_spelled(genre, known) for genre in genres)),
            None if energy is None else energy_typed(str(energy)),
            None if bpm is None else bpm_typed(str(bpm)),
        )

    def set(
        self,
        *paths: StrPath,
        genre: str | Sequence[str] = (),
        energy: str | float | None = None,
        bpm: str | float | None = None,
    ) -> int:
        """Let a word hold for all sounds at and beneath `paths`, as `word` reads it; give their number.

        Raises TaggerError, before anything is stored, for an unknown path and where nothing is said.
        """
        word = self.word(genre, energy, bpm)
        if not word.fields:
            raise TaggerError("nothing to set; give a genre, an energy or a tempo (bpm)")
        sounds = frozenset[str]().union(*self.sounds(*paths).values())
        said = [(field, Correction("set", _texts(field, word))) for field in word.fields]
        self._store.corrections.put_all(Said(sound, field, one) for sound in sounds for field, one in said)
        return len(sounds)

    def unset(self, *paths: StrPath, fields: Iterable[CorrectedField] = CORRECTED_FIELDS) -> int:
        """Take back what was said of the sounds at and beneath `paths`; give how many corrections it were.

        From then on the models' answers hold again.
        """
        sounds = frozenset[str]().union(*self.sounds(*paths).values())
        return sum(self._store.corrections.remove(field, sounds) for field in fields)

    def all(self, *paths: StrPath) -> list[Corrected]:
        """Give the corrections of the sounds at and beneath `paths`, or all, the oldest first."""
        places = self._store.corrections.places([*map(named_path, paths)])
        found = self._store.corrections.all()
        return [
            Corrected(said, places.get(said.audio_id))
            for said in found
            if not paths or said.audio_id in places
        ]

    def export(self, file: StrPath, *paths: StrPath) -> int:
        """Write them into a file as JSON Lines, for a backup or another computer; give their number."""
        lines = [correction_line(one) for one in self.all(*paths)]
        replace_atomically(absolute(named_path(file)), b"".join(lines))
        return len(lines)

    def take(self, file: StrPath) -> Imported:
        """Take over the corrections of such a file, where they are newer than what is there.

        What is said of sounds that no scan has met yet is kept for later. Raises TaggerError, before
        anything is stored, for a line that cannot be meant.
        """
        imported = merged(self._store.corrections.all(), read_corrections(named_path(file)))
        self._store.corrections.put_all(imported.taken)
        return imported

    def _known_genres(self) -> Sequence[Sequence[str]]:
        """The genres that the owner can mean, those of the model first: a slip of case makes no new one."""
        ours = map(self._store.names.shown, genres_of(self._store, self._model))
        return [*dict.fromkeys(ours)], self._store.corrections.genres(), self._store.files.own_genres()


def _texts(field: CorrectedField, word: OwnersWord) -> tuple[str, ...]:
    if field == "genre":
        return word.genres
    number = word.energy if field == "energy" else word.bpm
    return (text_of(number or 0.0),)


def _spelled(genre: str, known: Iterable[Sequence[str]]) -> str:
    """The genre as it is spelled in the first list that has it; as it is typed where none has."""
    return next((meant for names in known if (meant := genre_meant(genre, names))), genre)
