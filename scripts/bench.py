"""Benchmarks, most a ratio of two things timed in one run: bench.py COMMAND"""

import argparse

from benchmarks.cluster import bench_cluster
from benchmarks.field import bench_field
from benchmarks.first import bench_first
from benchmarks.memory import bench_memory
from benchmarks.query import bench_query
from benchmarks.report import bench_report
from benchmarks.rescan import bench_rescan
from benchmarks.review import bench_review
from benchmarks.scan import bench_scan
from benchmarks.stages import bench_stages
from benchmarks.write_tags import bench_write_tags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    scan = commands.add_parser("scan", help="tagger scan beside librosa, one track at a time")
    scan.add_argument("--music", help="folder of 44.1 kHz stereo mp3 files; without it some are made")
    scan.add_argument("--files", type=int, default=3000, help="files that tagger scans")
    scan.add_argument("--baseline-files", type=int, default=60, help="files that the baseline analyses")
    stages = commands.add_parser("stages", help="where the time of a track goes, on one core")
    stages.add_argument("--music", help="folder of music files; without it some mp3 files are made")
    field = commands.add_parser("field", help="tagger scan beside other programs that listen, on one core")
    field.add_argument("--tools", default="field", help="folder of their virtual environments")
    field.add_argument("--music", help="folder of music files; without it some mp3 files are made")
    field.add_argument("--tracks", type=int, default=3, help="tracks of the longer run, 2 or more")
    field.add_argument("--repeats", type=int, default=3, help="turns, of which the least counts")
    first = commands.add_parser("first", help="one new file, from the start of a process to its end")
    first.add_argument("--repeats", type=int, default=5, help="turns, of which the least counts")
    query = commands.add_parser("query", help="questions to a made library beside a look at every row")
    query.add_argument("--tracks", type=int, default=1_000_000, help="rows in the library")
    query.add_argument("--embeddings", type=int, default=100_000, help="rows that have an embedding")
    write_tags = commands.add_parser("write-tags", help="tagger write-tags beside copyfile and fsync")
    write_tags.add_argument("--music", help="folder of music files; without it some mp3 files are made")
    write_tags.add_argument("--files", type=int, default=200, help="files that are copied and written")
    rescan = commands.add_parser("rescan", help="a scan that finds nothing new beside find")
    rescan.add_argument("--files", type=int, default=100_000, help="small files in the library")
    review = commands.add_parser("review", help="a review of a made library: to open it, to turn a page")
    review.add_argument("--tracks", type=int, default=100_000, help="rows in the library")
    cluster = commands.add_parser(
        "cluster", help="one worker of a Dask cluster beside two; one client's ceiling"
    )
    cluster.add_argument("--files", type=int, default=300, help="files that are analysed")
    cluster.add_argument("--stubs", type=int, default=20_000, help="files that are answered at once")
    report = commands.add_parser("report", help="the report of a made library beside a list; in a browser")
    report.add_argument("--tracks", type=int, default=100_000, help="rows in the library")
    memory = commands.add_parser("memory", help="memory of each command, of made libraries of several sizes")
    memory.add_argument("--tracks", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="rows")
    args = parser.parse_args()
    if args.command == "scan":
        bench_scan(args.music, args.files, args.baseline_files)
    elif args.command == "stages":
        bench_stages(args.music)
    elif args.command == "field":
        bench_field(args.music, args.tools, args.tracks, args.repeats)
    elif args.command == "first":
        bench_first(args.repeats)
    elif args.command == "query":
        bench_query(args.tracks, args.embeddings)
    elif args.command == "cluster":
        bench_cluster(args.files, args.stubs)
    elif args.command == "review":
        bench_review(args.tracks)
    elif args.command == "report":
        bench_report(args.tracks)
    elif args.command == "memory":
        bench_memory(args.tracks)
    elif args.command == "rescan":
        bench_rescan(args.files)
    else:
        bench_write_tags(args.music, args.files)


if __name__ == "__main__":
    main()
