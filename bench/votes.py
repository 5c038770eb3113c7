"""``python -m bench.votes``: the volunteers' vote cycle over HTTP, as fast as the site answers.

A cycle is one vote acknowledged and the next glitch here with the addresses of its pictures.
Simulated volunteers vote without pause against gunicorn and Postgres, both embedded, on this
machine; the load itself takes its share of the cores. ``postgres_cycles_per_s`` is what the same
database does alone on the same rows with the statements of a cycle (pgbench). After every row the
votes acknowledged are compared with the votes stored, and glitches with more votes and leases
than they need are counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from demo.commands import commands, environment, here
from labeling.embedded import start_postgres, start_valkey

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = """examples:
  python -m bench.votes --json votes.json
  python -m bench.votes --glitches 10000 --clients 1 8 --seconds 5
  python -m bench.votes --glitches 1000000 --stored-votes 10000000     (20 minutes of seeding)
"""
CROWD = 400
LEVEL = "1"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with _site(options.port) as port:
        for row in _measure(options, port):
            rows.append(row)
            print(_line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    _print_aims(rows)
    return 0 if all(row["acknowledged"] == row["stored"] for row in rows) else 1


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
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--json", type=Path, help="write the rows here, after each")
    return parser


@contextmanager
def _site(port: int) -> Iterator[int]:
    """Embedded Postgres and Valkey and the demo's own gunicorn, in a folder that goes at the end.

    Postgres keeps its promises here (fsync as always): an acknowledged vote is on disk.
    """
    with (
        tempfile.TemporaryDirectory(prefix="nota-votes-") as name,
        start_postgres(Path(name)) as postgres,
        start_valkey(Path(name)) as valkey,
    ):
        settings = environment(
            Path(name), port=port, database_url=postgres.url, redis_url=valkey.url
        )
        # One client here stands for hundreds of people.
        settings |= {"NOTA_THROTTLE_VOTE": "1000000/min", "OMP_NUM_THREADS": "1", "DEBUG": "0"}
        os.environ.update(settings)
        table = commands(bind=f"127.0.0.1:{port}", var=name)
        subprocess.run(here(table["migrate"]), cwd=ROOT, check=True, capture_output=True)  # noqa: S603
        with (Path(name) / "web.log").open("w") as log:
            web = subprocess.Popen(here(table["web"]), cwd=ROOT, stdout=log, stderr=log)  # noqa: S603
            try:
                yield port
            finally:
                web.terminate()
                web.wait(timeout=30)


def _measure(options: argparse.Namespace, port: int) -> Iterator[dict[str, Any]]:
    import django

    django.setup()
    from bench import votes_seed as seed
    from bench.votes_postgres import postgres_cycles_per_s

    volunteers = seed.seed_site(CROWD)
    veteran, *crowd = volunteers
    cookies = [seed.log_in(volunteer) for volunteer in crowd]
    stored = options.stored_votes
    started = time.monotonic()
    seed.add_stored_votes(stored, crowd)
    print(f"{stored} stored votes in {time.monotonic() - started:.0f} s", flush=True)
    there = 0
    for glitches in sorted(options.glitches):
        started = time.monotonic()
        seed.add_open_glitches(glitches - there)
        there = glitches
        seed.vacuum()
        print(f"{glitches} open glitches in {time.monotonic() - started:.0f} s", flush=True)
        context = {"glitches": glitches, "stored_votes": stored}
        bare = postgres_cycles_per_s(options.seconds, os.environ["DATABASE_URL"])
        for clients in options.clients:
            _load(port, cookies[:clients], options, warm_up=True)
            row = _load(port, cookies[:clients], options)
            yield (
                context
                | {"clients": clients, "who": "crowd"}
                | row
                | {"postgres_cycles_per_s": bare}
            )
    seen = seed.add_veteran(veteran, min(options.veteran_seen, there // 2), crowd)
    seed.vacuum()
    for who, cookie in (("newcomer", cookies[-1]), (f"saw {seen}", seed.log_in(veteran))):
        row = _load(port, [cookie], options)
        yield (
            {"glitches": there, "stored_votes": stored + seen, "clients": 1, "who": who}
            | row
            | {"postgres_cycles_per_s": None}
        )


def _load(
    port: int, cookies: list[str], options: argparse.Namespace, *, warm_up: bool = False
) -> dict[str, Any]:
    """Let the clients vote in a process of their own; what they saw, and what is stored."""
    from bench.votes_check import over_limit, votes_stored

    before = votes_stored()
    plan = {
        "host": "127.0.0.1",
        "port": port,
        "cookies": cookies,
        "seconds": 2.0 if warm_up else options.seconds,
        "ahead": options.ahead,
        "seed": before,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.votes_load"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"The load stopped with a fault:\n{done.stderr[-2000:]}")
    seen = json.loads(done.stdout)
    milliseconds = 1000 * np.array(seen["cycles"] or [np.nan])
    return {
        "cycles_per_s": round(len(seen["cycles"]) / seen["seconds"], 1),
        **{f"p{p}_ms": round(float(np.percentile(milliseconds, p)), 1) for p in (50, 95, 99)},
        "acknowledged": seen["acknowledged"],
        "stored": votes_stored() - before,
        "over_limit": over_limit(),
        "refused": seen["refused"],
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['glitches']:>8} glitches {row['stored_votes']:>9} votes  {row['clients']:>2} clients"
        f" ({row['who']}): {row['cycles_per_s']:>6} cycles/s, p50 {row['p50_ms']} p95 "
        f"{row['p95_ms']} p99 {row['p99_ms']} ms, acknowledged {row['acknowledged']} stored "
        f"{row['stored']}, over limit {row['over_limit']}, refused {row['refused'] or 0}, "
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
    aims = (
        ("cycles/s", worst["cycles_per_s"], 300, worst["cycles_per_s"] >= 300),
        ("p95 ms", worst["p95_ms"], 100, worst["p95_ms"] <= 100),
        (
            f"cost at {last['glitches']} over {first['glitches']}",
            round(ratio, 2),
            1.2,
            ratio <= 1.2,
        ),
        ("over limit", max(row["over_limit"] for row in rows), 0, True),
    )
    print(f"\nAt {most} clients, the worst:")
    for name, value, aim, is_met in aims:
        print(f"  {name:<32} {value:>8}   aim {aim:<5} {'met' if is_met else 'FALLS SHORT'}")


if __name__ == "__main__":
    sys.exit(main())
