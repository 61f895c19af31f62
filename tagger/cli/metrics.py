"""Figures of a scan in Prometheus' text format, for node_exporter's textfile collector.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import time
from collections.abc import Mapping

HELP = {
    "tracks": "Tracks in the database.",
    "scan_found": "Files that the last scan found.",
    "scan_analysed": "Files that the last scan heard.",
    "scan_unchanged": "Files that the last scan knew already.",
    "scan_moved": "Files that the last scan knew under another path.",
    "scan_duplicates": "Files whose sound the last scan knew from another file.",
    "scan_failed": "Files that could not be heard.",
    "scan_missing": "Tracks whose file was gone since the scan before.",
    "scan_seconds": "Duration of the last scan.",
    "scan_tracks_per_second": "Files heard per second.",
    "last_success_timestamp_seconds": "When a scan last came to its end (Unix time).",
}


def metrics_text(counts: Mapping[str, float], n_tracks: int) -> bytes:
    """All gauges, for a scan that has just come to its end with these `counts`."""
    values = {f"scan_{name.replace('_per_s', '_per_second')}": value for name, value in counts.items()}
    values |= {"tracks": n_tracks, "last_success_timestamp_seconds": round(time.time(), 3)}
    lines = []
    for name, text in HELP.items():
        lines += [
            f"# HELP tagger_{name} {text}",
            f"# TYPE tagger_{name} gauge",
            f"tagger_{name} {values[name]}",
        ]
    return ("\n".join(lines) + "\n").encode()
