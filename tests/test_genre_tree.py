"""What the words of owners mean."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from tagger import genre_tree
from tagger.genre_tree import agrees, distance, meanings

NAMES = (
    "Blues, Classical, Country, Disco, Electronic, Experimental, Folk, Hip-Hop, International, Jazz, Latin, "
    "Metal, New Age, Pop, R&B, Reggae, Rock"
)
SEVENTEEN = NAMES.split(", ")

SPELLINGS = """
Blues: Blues | blues | BLUES | Delta Blues | Chicago Blues | Electric Blues | Acoustic Blues
Blues, Rock: Blues Rock | Blues-Rock | Bluesrock | British Blues
Classical: Classical | Klassik | Clásica | Musique classique | Baroque | Opera | Chamber Music | Symphony
    | Romantic Classical | Contemporary Classical | Piano Sonata | String Quartet
Country: Country | Country & Western | Honky-Tonk | Outlaw Country | Contemporary Country
Country, Rock: Country Rock | Alt-Country | Alternative Country | Rockabilly | Country Punk
Country, Folk: Bluegrass | Folk, World, & Country | Americana | Progressive Bluegrass
Disco: Disco | disco | Euro-Disco
Disco, Electronic: Italo-Disco | Hi-NRG | Nu-Disco | French House
Electronic: Electronic | Electronica | electronic music | Electro | EDM | Techno | Minimal Techno | House
    | Deep House | deephouse | Progressive House | Trance | Progressive Trance | Psytrance | Goa | Goatrance
    | Drum &
    Bass | Drum 'n' Bass | drum and bass | DnB | D&B | Jungle | Dubstep | Vaporwave | IDM | Hardstyle |
    Happy Hardcore | Downtempo | Chill-Out | Chillout | Synthwave | Techno 2004 | UK Garage | Liquid Drum
    & Bass
Electronic, New Age: Ambient | Space Music | Psybient
Electronic, Hip-Hop: Trip-Hop | Trip Hop | triphop | Breakbeat | Glitch Hop
Electronic, Pop: Synthpop | Synth-Pop | Electropop | Dance-Pop
Electronic, Rock: Darkwave | Industrial Rock | Electronic Rock
Electronic, Experimental: Dark Ambient | Drone
Electronic, Jazz: Acid Jazz | Nu Jazz | Electro-Swing
Experimental: Experimental | Avant-Garde | avantgarde | Noise | Field Recordings | Musique Concrète
Experimental, Rock: Krautrock | Math Rock | Noise Rock
Folk: Folk | Contemporary Folk | Neofolk | Psych-Folk | Folk Music
Folk, Pop: Singer/Songwriter | Singer-Songwriter | singer songwriter | Acoustic | Chanson
Folk, Rock: Folk Rock | Folk-Rock | Indie Folk
Folk, International: Celtic | Klezmer | Balkan | Irish Folk
Hip-Hop: Hip-Hop | Hip Hop | HipHop | hip hop music | Rap | Hip Hop/Rap | Hip-Hop/Rap | Rap & Hip Hop |
    Rap/Hip-Hop | Gangsta Rap | East Coast Hip Hop | Trap | Deutschrap | Alternative Hip Hop | Hip-Hop;
    Rap | Underground Rap
Hip-Hop, R&B: R&B/Hip-Hop | New Jack Swing | Urban
International: International | World | World Music | Weltmusik | Ethnic | African | Bollywood | Highlife
    | Raï
Jazz: Jazz | Bebop | Be-Bop | Hard Bop | Swing | Big Band | Vocal Jazz | Jazz Vocals | Smooth Jazz | Jazz
    (Live)
Jazz, Latin: Bossa Nova | BossaNova | Latin Jazz | Afro-Cuban Jazz
Jazz, Experimental: Free Jazz | Avant-Garde Jazz
Jazz, R&B, Rock: Fusion | Jazz Fusion | Jazz-Rock | Jazz+Funk
Blues, Jazz: Jazz/Blues | Blues / Jazz | Jazz and Blues
Latin: Latin | Latino | Salsa | Tango | Samba | Cumbia | Música Latina | Merengue | MPB
Latin, Hip-Hop, Reggae: Reggaeton | Reggaetón
Latin, Pop: Latin Pop | Pop Latino
Metal: Metal | Heavy Metal | Thrash | Thrash Metal | Death Metal | Melodic Death Metal | Black Metal |
    Folk Metal | Norwegian Black Metal | Metalcore | Nu Metal | Nu-Metal | Doom | Power Metal | Symphonic
    Metal | Grindcore
Metal, Rock: Hard Rock | HardRock | Stoner Rock | Rock/Metal | Metal & Rock
New Age: New Age | NewAge | new-age | Meditation | Relaxation
Pop: Pop | pop music | Teen Pop | Adult Contemporary | Top 40
Pop, Rock: Pop/Rock | Pop-Rock | Rock/Pop | pop rock | Indie Pop | New Wave | Power Pop | Britpop |
    Alternative | Punk Pop
Pop, Rock, Folk: Indie | Independent
Pop, R&B: Motown | Doo-Wop
R&B: R&B | RnB | R'n'B | R & B | r and b | Rhythm & Blues | Soul | Neo-Soul | Funk | Soul/R&B | Soul and
    R&B | Soul-RnB | Funk / Soul | Contemporary R&B
Reggae: Reggae | Roots Reggae | Dancehall | Ska | Rocksteady | Reggae - Dancehall
Electronic, Reggae: Dub
Rock: Rock | Classic Rock | Alternative Rock | Alt. Rock | Indie Rock | Progressive Rock | Prog-Rock |
    Symphonic Rock | Punk | Punk Rock | Post-Punk | Grunge | Rock & Roll | Rock 'n' Roll | Rock and Roll
    | Rock n Roll | Psychedelic Rock | Shoegaze | Post-Rock | Gothic Rock | 80s Rock | Garage Rock
nothing: Other | Unknown | Soundtrack | Podcast | Audiobook | Christmas | Instrumental | Live | Norfolk |
    My Favourites | ??? |
"""
"""What collectors write, behind what it can mean."""


def spellings() -> dict[str, list[str]]:
    """The spellings by what they mean."""
    lines = re.sub(r"\n +", " ", SPELLINGS.strip()).splitlines()
    return {means: names.strip().split(" | ") for means, names in (line.split(": ", 1) for line in lines)}


@pytest.mark.parametrize("means", spellings())
def test_a_word_means_genres_of_the_model_in_every_spelling(means):
    wanted = set() if means == "nothing" else set(means.split(", "))
    got = {name: set(meanings(name, SEVENTEEN)) for name in spellings()[means]}
    assert {name: found for name, found in got.items() if found != wanted} == {}


def test_every_genre_of_the_model_means_itself_alone():
    assert {genre: meanings(genre, SEVENTEEN) for genre in SEVENTEEN} == {
        genre: {genre} for genre in SEVENTEEN
    }


def test_a_model_of_other_genres_is_understood_by_the_same_words():
    ten = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
    assert meanings("Gangsta Rap", ten) == {"hiphop"}
    assert meanings("Techno", ten) == frozenset()
    club = ["Ambient", "Drum & Bass", "House", "Soul-RnB", "Techno"]
    assert meanings("dnb", club) == {"Drum & Bass"}
    assert meanings("Melodic House", club) == {"House"}
    assert meanings("Neo Soul", club) == {"Soul-RnB"}
    assert meanings("Electronic", club) == {"Ambient", "Drum & Bass", "House", "Techno"}
    assert meanings("Rock", club) == frozenset()


def test_a_genre_that_no_list_knows_is_meant_by_its_own_name():
    assert meanings("grandma's favourites", ["Grandma’s Favourites", "Rock"]) == {"Grandma’s Favourites"}


def test_a_text_of_any_length_and_any_characters_is_answered():
    assert meanings("rock" * 1_000_000, SEVENTEEN) == {"Rock"}
    assert meanings("blues / " * 1_000_000, SEVENTEEN) == {"Blues"}
    assert meanings("a b c d e f g " * 100_000, SEVENTEEN) == frozenset()
    assert meanings("Rock\udcff\x00Metal", SEVENTEEN) == {"Metal", "Rock"}


def test_a_difference_between_kin_is_no_disagreement():
    assert agrees(["Rock"], "Metal", SEVENTEEN) is True
    assert agrees(["Singer/Songwriter"], "Pop", SEVENTEEN) is True
    assert agrees(["Soul", "Live"], "Blues", SEVENTEEN) is True
    assert agrees(["Baroque", "Opera"], "Metal", SEVENTEEN) is False
    assert agrees(["Audiobook", ""], "Metal", SEVENTEEN) is None


def test_distance_is_the_same_both_ways():
    far = {(one, other) for one in SEVENTEEN for other in SEVENTEEN if distance(one, other) == "far"}
    assert far == {(other, one) for one, other in far}
    assert ("Classical", "Metal") in far and ("Rock", "Metal") not in far
    assert [distance(genre, genre) for genre in SEVENTEEN] == ["same"] * 17


def test_a_word_stands_in_the_file_once_and_means_genres_of_the_standard_model():
    text = files("tagger").joinpath("data/genres.txt").read_text(encoding="utf-8")
    spelled = [genre_tree._key(name) for _, names in genre_tree._entries(text) for name in names]
    assert len(spelled) > 1500
    assert {key for key in spelled if spelled.count(key) > 1 or not key} == set()
    assert {root for roots, _ in genre_tree._entries(text) for root in roots} == set(SEVENTEEN)
