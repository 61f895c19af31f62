"""The words that a model may learn, and by what they are known: the teacher's tags, people's subgenres."""

from __future__ import annotations

from dataclasses import dataclass

from tagger.types import WordKind

LEAST_SHARE = 0.03
"""A word is said of at least this share of the clips: of fewer there are too few to calibrate it by."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The teacher speaks `for_` or `against` something: by so much must its odds lean, natural logarithm."""

    for_: tuple[str, ...]
    against: tuple[str, ...]
    by: float = 0.0


@dataclass(frozen=True, slots=True)
class TaughtWord:
    """A word and the teacher's tags that mean it, with `msd:` or `mtt:` for the list that a tag is of.

    It is said of the clips with the strongest answers to `tags`, of as many as their mean probability says
    and at least `LEAST_SHARE`; or, where the teacher has tags for both sides, of those for which every one of
    `contrasts` holds. `near` is a genre by which people call much of the music that the word is said of,
    though the two are not the same; empty where there is none.
    """

    name: str
    kind: WordKind
    tags: tuple[str, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    near: str = ""


_FEMALE = ("mtt:female", "mtt:woman", "mtt:female vocal", "mtt:female voice")
_MALE = ("mtt:male", "mtt:man", "mtt:male vocal", "mtt:male voice")
_SINGING = (
    *("mtt:vocal", "mtt:vocals", "mtt:singing", "mtt:voice", *_FEMALE, *_MALE),
    *("msd:female vocalists", "msd:male vocalists"),
)
_NO_SINGING = ("mtt:no vocals", "mtt:no vocal", "mtt:no voice", "msd:instrumental")
_SINGS = Contrast(_SINGING, _NO_SINGING, by=1.0)
"""Nine in ten pieces for solo piano, drum loops and pieces of games, which have no voice, lean less to it,
and nine in ten of hip-hop, R&B, country and pop more."""

WORDS = (
    TaughtWord("Alternative Rock", "style", ("msd:alternative", "msd:alternative rock"), near="Rock"),
    TaughtWord("Chillout", "style", ("msd:chillout", "msd:chill")),
    TaughtWord("Classic Rock", "style", ("msd:classic rock",), near="Rock"),
    TaughtWord("Dance", "style", ("msd:dance", "mtt:dance"), near="Electronic"),
    TaughtWord("Easy Listening", "style", ("msd:easy listening",), near="Jazz"),
    TaughtWord("Funk", "style", ("msd:funk",), near="R&B"),
    TaughtWord("Hard Rock", "style", ("msd:hard rock",), near="Metal"),
    TaughtWord("Heavy Metal", "style", ("msd:heavy metal",), near="Metal"),
    TaughtWord("Indian", "style", ("mtt:indian", "mtt:sitar"), near="International"),
    TaughtWord("Indie", "style", ("msd:indie", "msd:indie rock", "msd:indie pop")),
    TaughtWord("Opera", "style", ("mtt:opera",), near="Classical"),
    TaughtWord("Progressive Rock", "style", ("msd:Progressive rock",)),
    TaughtWord("Punk", "style", ("msd:punk",), near="Rock"),
    TaughtWord("Soul", "style", ("msd:soul",), near="R&B"),
    TaughtWord("Vocals", "voice", contrasts=(_SINGS,)),
    TaughtWord("Instrumental", "voice", contrasts=(Contrast(_NO_SINGING, _SINGING, by=-1.0),)),
    TaughtWord("Female Voice", "voice", contrasts=(_SINGS, Contrast(_FEMALE, _MALE))),
    TaughtWord("Male Voice", "voice", contrasts=(_SINGS, Contrast(_MALE, _FEMALE))),
    TaughtWord("Choir", "voice", ("mtt:choir", "mtt:choral"), near="Classical"),
    TaughtWord("Cello", "instrument", ("mtt:cello",), near="Classical"),
    TaughtWord("Drums", "instrument", ("mtt:drums",)),
    TaughtWord("Flute", "instrument", ("mtt:flute",)),
    TaughtWord("Guitar", "instrument", ("mtt:guitar",), near="Country"),
    TaughtWord("Harp", "instrument", ("mtt:harp",)),
    TaughtWord("Harpsichord", "instrument", ("mtt:harpsichord",), near="Classical"),
    TaughtWord("Piano", "instrument", ("mtt:piano",)),
    TaughtWord("Strings", "instrument", ("mtt:strings",), near="Classical"),
    TaughtWord("Synthesizer", "instrument", ("mtt:synth",), near="Electronic"),
    TaughtWord("Violin", "instrument", ("mtt:violin",), near="Classical"),
    TaughtWord("Acoustic", "character", ("msd:acoustic",), near="Folk"),
    TaughtWord("Beats", "character", ("mtt:beat", "mtt:beats"), near="Hip-Hop"),
    TaughtWord("Fast", "character", ("mtt:fast",)),
    TaughtWord("Loud", "character", ("mtt:loud",)),
    TaughtWord("Mellow", "character", ("msd:Mellow",)),
    TaughtWord("Party", "character", ("msd:party",)),
    TaughtWord("Quiet", "character", ("mtt:quiet", "mtt:soft")),
    TaughtWord("Slow", "character", ("mtt:slow",)),
    TaughtWord("Solo", "character", ("mtt:solo",)),
)
"""Of MusiCNN's hundred tags. Tags that it answers alike are one word (their odds correlate by 0.85 and more).

Left out: the genres that models have (rock, pop, electronic, electronica, jazz, folk, blues, metal, country,
rnb, Hip-Hop, experimental, classical, new age); what says nothing of the sound or is no name (decades,
oldies, classic, beautiful, sexy, catchy, weird); happy and sad, which are moods, by what listeners said; and
House, techno, electro and ambient, which are styles, by what people said.
"""

# fmt: off
STYLES: dict[str, tuple[str, ...]] = {
    "House": (
        "bootyhouse", "classichouse", "darkhouse", "deephouse", "detroithouse", "discohouse", "dubhouse",
        "frenchhouse", "funkyhouse", "garage", "happyhouse", "latinhouse", "tribalhouse", "vocalhouse",
    ),
    "Techno": (
        "acidtechno", "bangintechno", "classictechno", "deeptechno", "detroittechno", "dubtechno",
        "experimentaltechno", "germantechno", "hardacidtechno", "hardtechno", "industrialtechno",
        "latintechno", "microhouse", "minimaltechno", "swedishtechno", "techhouse", "tribaltechno",
    ),
    "Trance": (
        "acidtrance", "ambienttrance", "anthemhouse", "anthemtrance", "buttrockgoa", "classictrance",
        "darktrance", "deeptrance", "dreamtrance", "epichouse", "epictrance", "germantrance", "goatrance",
        "hardtrance", "ibizatrance", "progressivetrance", "psychedelictrance", "symphonictrance",
        "tribaltrance",
    ),
    "Drum & Bass": (
        "atmosphericjungle", "darkcore", "darkstep", "drumnbass", "experimentaljungle", "hardstep",
        "industrialdnb", "jazzstep", "jumpup", "liquidfunk", "neurofunk", "raggajungle", "subjungle",
        "techstep",
    ),
    "Hardcore": (
        "gabber", "gabberhouse", "happygabber", "happyhardcore", "hardstyle", "nustylegabber", "rotterdam",
        "speedcore", "terrorcore",
    ),
    "Ambient": ("ambient", "darkambient", "minimalism", "newage"),
    "Downtempo": ("acidjazz", "downbeat", "illbient", "nujazz", "progressivehop", "triphop"),
    "New Wave": ("coldwave", "darkwave", "ethereal", "goth", "newwave", "synthpop"),
    "Industrial": ("ebm", "electroindustrial", "industrial", "industrialrock", "newbeat"),
    "Electro": ("electro", "electrofunk", "freestyle", "miamibass"),
}
"""The styles of electronic music, and the subgenres of Ishkur's guide that belong to each."""

BETWEEN_STYLES = frozenset({
    "2stepgarage", "abstracthiphop", "acidhouse", "ambientbreaks", "ambienthouse", "ambientpsy",
    "ambienttechno", "bootytrance", "breaktrance", "deathtrance", "digitalhardcore", "electronicclassical",
    "eurotechno", "freeform", "futurepop", "ghettotech", "gloomcore", "hardacidtrance", "hardhouse",
    "hiphouse", "italiantechno", "jtek", "noizecore", "nottrance", "nrg", "nuelectro", "progressivehouse",
    "psytekk", "soundcollage", "speedgarage", "stupidhouse", "techtrance", "trancecore", "trancestep",
    "ukhouse",
})
"""Subgenres as near to one style as to another: neither answer would be wrong, so no head learns them.

Those in neither list (breaks, IDM, Eurodance, disco, chiptunes, hip-hop) are none of `STYLES`.
"""
# fmt: on
