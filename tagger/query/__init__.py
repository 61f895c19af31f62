"""Which tracks are asked for: the filters, and how people type what they take."""

from tagger.query.filter_values import length_s
from tagger.query.filters import (
    EVERYTHING,
    FILTERS,
    Filter,
    Query,
    TrackOrder,
    genre_meant,
    genre_named,
    read_query,
    word_named,
)

__all__ = [
    "EVERYTHING",
    "FILTERS",
    "Filter",
    "Query",
    "TrackOrder",
    "genre_meant",
    "genre_named",
    "length_s",
    "read_query",
    "word_named",
]
