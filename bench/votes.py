"""``python -m bench.votes``: the volunteers' vote cycle over HTTP, as fast as the site answers.

A cycle is one vote acknowledged and the next glitch here with the addresses of its pictures.
Simulated volunteers vote without pause against gunicorn and Postgres, both embedded, on this
machine; the load itself takes its share of the cores. ``postgres_cycles_per_s`` is what the same
database does alone on the same rows with the statements of a cycle (pgbench). ``*_cpu_ms`` is the
processor time of each part a cycle. After every row the votes acknowledged are compared with the
votes stored, and glitches with more votes and leases than they need are counted. ``--faults`` kills
a worker, crashes Postgres and kills gunicorn in the midst of one load instead.
"""

import argparse
import json
import shlex
import sys
from typing import Any

from bench.arguments import results_file
from bench.votes_site import vote_site

EXAMPLES = """examples:
  python -m bench.votes --json votes.json
  python -m bench.votes --glitches 10000 --clients 1 8 --seconds 5
  python -m bench.votes --glitches 1000000 --stored-votes 10000000     (8 GB of disk)
  python -m bench.votes --faults --glitches 10000 --clients 32 --seconds 30
  python -m bench.votes --gunicorn "--workers 2 --threads 4"
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with vote_site(options.port, shlex.split(options.gunicorn)) as site:
        import django

        django.setup()
        from bench.votes_rows import measure, measure_faults

        for row in (measure_faults if options.faults else measure)(options, site):
            rows.append(row)
            print(_line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if not options.faults:
        _print_aims(rows)
    return 0 if all(_is_sound(row) for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.votes",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--glitches", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--stored-votes", type=int, default=1_000_000)
    parser.add_argument("--veteran-seen", type=int, default=50_000, metavar="GLITCHES")
    parser.add_argument("--seconds", type=float, default=10.0, help="of load for each row")
    parser.add_argument("--ahead", type=int, default=3, help="glitches a page holds, at most 3")
    parser.add_argument("--faults", action="store_true", help="one load with faults, nothing else")
    parser.add_argument("--gunicorn", default="", help="further arguments for gunicorn")
    parser.add_argument("--port", type=int, default=8400, help="or the next one that is free")
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


def _is_sound(row: dict[str, Any]) -> bool:
    """Whether nothing was lost, nothing was stored twice and no limit was passed."""
    exact = row["acknowledged"] == row["stored"] and row["lost"] == row["unasked"] == 0
    return exact and row["over_limit"] == row["given_up"] == 0


def _line(row: dict[str, Any]) -> str:
    spent = ", ".join(
        f"{part} {row[f'{part}_cpu_ms']}"
        for part in ("python", "postgres", "valkey", "load")
        if f"{part}_cpu_ms" in row
    )
    return (
        f"{row['glitches']:>8} glitches {row['stored_votes']:>9} votes  {row['clients']:>2} clients"
        f" ({row['who']}): {row['cycles_per_s']:>6} cycles/s, p50 {row['p50_ms']} p95 "
        f"{row['p95_ms']} p99 {row['p99_ms']} ms, acknowledged {row['acknowledged']} stored "
        f"{row['stored']} lost {row['lost']}, over limit {row['over_limit']}, refused "
        f"{row['refused'] or 0}, ms of processor a cycle: {spent or 'not told'}, "
        f"Postgres alone {row['postgres_cycles_per_s']}"
    )


def _print_aims(rows: list[dict[str, Any]]) -> None:
    """The figures beside their aims, with what falls short."""
    crowd = [row for row in rows if row["who"] == "crowd"]
    most = max(row["clients"] for row in crowd)
    at_most = {row["glitches"]: row for row in crowd if row["clients"] == most}
    worst = min(at_most.values(), key=lambda row: row["cycles_per_s"])
    first, last = at_most[min(at_most)], at_most[max(at_most)]
    ratio = first["cycles_per_s"] / last["cycles_per_s"]
    newcomer, veteran = (row["p50_ms"] for row in rows if row["who"] != "crowd")
    over = max(row["over_limit"] for row in rows)
    size = f"cost at {last['glitches']} over {first['glitches']}"
    aims = (
        ("cycles/s", worst["cycles_per_s"], 300, worst["cycles_per_s"] >= 300),
        ("p95 ms", worst["p95_ms"], 100, worst["p95_ms"] <= 100),
        (size, round(ratio, 2), 1.2, ratio <= 1.2),
        (
            "veteran's p50 over a newcomer's",
            round(veteran / newcomer, 2),
            1.2,
            veteran <= 1.2 * newcomer,
        ),
        ("over limit", over, 0, over == 0),
    )
    print(f"\nAt {most} clients, the worst:")
    for name, value, aim, is_met in aims:
        print(f"  {name:<32} {value:>8}   aim {aim:<5} {'met' if is_met else 'FALLS SHORT'}")


if __name__ == "__main__":
    sys.exit(main())
