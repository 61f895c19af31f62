"""Try `tagger audit`: a library of labelled clips, in which some genres are swapped between files.

    python scripts/audit_trial.py --data ../shared/data --files 2000 --swapped 100 --seed 1

The clips are copied and tagged with what they are labelled with, in words that collectors use. Files of one
group of the data (an artist, a song) are one album. A swap is between two files whose genres are far apart.
Then the library is scanned and audited, and it is counted how many of the swapped files the first lines name.
"""

import argparse
import csv
import json
import os
import random
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mutagen.oggopus import OggOpus

from tagger.audit import Audit, audit
from tagger.genre_tree import distance, meanings
from tagger.library import Library

WORDS = {
    "Blues": ("Blues", "Delta Blues", "Electric Blues", "Chicago Blues"),
    "Classical": ("Classical", "Klassik", "Baroque", "Chamber Music", "Romantic Classical", "Orchestral"),
    "Country": ("Country", "Country & Western", "Contemporary Country", "Honky Tonk"),
    "Disco": ("Disco", "disco", "Euro-Disco"),
    "Electronic": ("Electronic", "Electronica", "Techno", "Drum & Bass", "House", "IDM", "Electronica/Dance"),
    "Experimental": ("Experimental", "Avant-Garde", "avantgarde", "Noise"),
    "Folk": ("Folk", "Contemporary Folk", "Traditional Folk", "folk music", "Neofolk"),
    "Hip-Hop": ("Hip-Hop", "Hip Hop", "Hip Hop/Rap", "Rap", "Rap & Hip-Hop", "Underground Hip Hop"),
    "International": ("International", "World", "World Music", "Ethnic", "Weltmusik"),
    "Jazz": ("Jazz", "Bebop", "Swing", "Smooth Jazz", "Vocal Jazz", "Contemporary Jazz"),
    "Latin": ("Latin", "Salsa", "Tango", "Latino"),
    "Metal": ("Metal", "Heavy Metal", "Thrash", "Death Metal", "Melodic Death Metal", "Metalcore"),
    "New Age": ("New Age", "NewAge", "Meditation"),
    "Pop": ("Pop", "pop music", "Teen Pop", "Adult Contemporary"),
    "Pop/Rock": ("Pop/Rock", "Pop-Rock", "Rock/Pop", "Alternative", "Indie Pop"),
    "R&B": ("R&B", "RnB", "Soul", "Funk", "Rhythm & Blues", "Neo-Soul", "Funk / Soul"),
    "Reggae": ("Reggae", "Roots Reggae", "Dancehall", "Ska"),
    "Rock": (
        "Rock",
        "Classic Rock",
        "Alternative Rock",
        "Indie Rock",
        "Punk",
        "Symphonic Rock",
        "Rock & Roll",
    ),
}
"""What collectors write where the labels say a genre: its synonyms and genres below it."""

CHANCES_IN_LINES = 1.5
"""Lines that are looked at for each swapped file."""


@dataclass
class Clip:
    """A clip as a file of the library: `labels` are what it is, `words` what its tag says."""

    source: Path
    group: str
    labels: tuple[str, ...]
    words: tuple[str, ...]
    swapped: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default="../shared/data", help="folder of labelled clips and clips.csv")
    parser.add_argument("--split", action="append", help="only clips of this split; repeats")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--swapped", type=int, help="default: a twentieth of the files")
    parser.add_argument("--one-genre", action="store_true", help="write the first of several labels")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the library is made, and left; default: a temporary folder")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    clips = chosen(Path(args.data), args.split, args.files, args.one_genre, rng)
    swap(clips, args.swapped or len(clips) // 40 * 2, rng)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(args.folder or folder)
        by_path = copied(clips, root / "music")
        with Library(root / "tagger.db") as library:
            library.scan(root / "music")
            found = audit(library.store, library.model)
            genres = library.card.genres
    print(json.dumps({"seed": args.seed, **counted(found, by_path, genres)}))


def chosen(
    data: Path, splits: list[str] | None, n_files: int, one_genre: bool, rng: random.Random
) -> list[Clip]:
    """Draw clips that have genres, and word these; files of one group have one word for a genre."""
    with open(data / "clips.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["genres"] and row["dataset"] != "deam_seg"]
    rows = [row for row in rows if not splits or row["split"] in splits]
    clips = []
    for row in rng.sample(rows, min(n_files, len(rows))):
        labels = tuple(row["genres"].split(";"))[: 1 if one_genre else None]
        words = tuple(random.Random(f"{row['group']} {label}").choice(WORDS[label]) for label in labels)
        clips.append(Clip(data / row["path"], row["group"], labels, words))
    return clips


def swap(clips: list[Clip], n_swapped: int, rng: random.Random) -> None:
    """Exchange the words of pairs of clips whose labels are far apart."""
    free = rng.sample(clips, len(clips))
    while n_swapped > 0:
        one = free.pop()
        other = next(clip for clip in free if are_far(one.labels, clip.labels))
        free.remove(other)
        one.words, other.words = other.words, one.words
        one.swapped = other.swapped = True
        n_swapped -= 2


def are_far(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Tell whether no genre of the one is near one of the other."""
    return all(distance(one, other) == "far" for one in some for other in others)


def copied(clips: list[Clip], root: Path) -> dict[str, Clip]:
    """Make the files, and give the clips by their paths."""
    by_path = {}
    for number, clip in enumerate(clips):
        folder = root / f"Artist {clip.group}" / "Album"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number:04}.opus"
        shutil.copyfile(clip.source, path)
        os.chmod(path, 0o644)
        tags = OggOpus(path)
        tags.update(artist=[f"Artist {clip.group}"], album=["Album"], genre=[*clip.words])
        tags.save()
        by_path[str(path)] = clip
    return by_path


def counted(found: Audit, by_path: dict[str, Clip], genres: tuple[str, ...]) -> dict[str, object]:
    """Count what the first lines tell."""
    n_swapped = sum(clip.swapped for clip in by_path.values())
    n_lines = round(CHANCES_IN_LINES * n_swapped)
    lines = [(finding, [by_path[track.path] for track in finding.tracks]) for finding in found.findings]
    by_answer: defaultdict[str, int] = defaultdict(int)
    for finding, _ in lines[:n_lines]:
        by_answer[finding.answer] += 1
    return {
        "files": len(by_path),
        "swapped": n_swapped,
        "lines": len(lines),
        "looked_at": n_lines,
        "swapped_found": sum(clip.swapped for _, clips in lines[:n_lines] for clip in clips),
        "swapped_in_first_50": sum(clip.swapped for _, clips in lines[:50] for clip in clips),
        "synonyms_in_first_50": sum(
            finding.answer in meanings(word, genres) for finding, _ in lines[:50] for word in finding.words
        ),
        "labelled_as_answered_in_first_50": sum(
            any(finding.answer in clip.labels and not clip.swapped for clip in clips)
            for finding, clips in lines[:50]
        ),
        "answers": dict(by_answer),
    }


if __name__ == "__main__":
    main()
