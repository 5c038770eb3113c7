"""The rows of ``bench.votes``: one load each, and what it cost and left behind."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench import votes_check, votes_seed
from bench.votes_postgres import postgres_cycles_per_s
from bench.votes_site import VoteSite
from demo.processes import ROOT, tethered

CROWD = 400
WARM_UP_SECONDS = 2.0


def measure(options: argparse.Namespace, site: VoteSite) -> Iterator[dict[str, Any]]:
    """A row for each number of glitches and of clients, then a veteran beside a newcomer."""
    veteran, *crowd = votes_seed.seed_site(CROWD)
    cookies = [votes_seed.log_in(volunteer) for volunteer in crowd]
    stored = options.stored_votes
    _seed(f"{stored} stored votes", partial(votes_seed.add_stored_votes, stored, crowd))
    there = 0
    for glitches in sorted(options.glitches):
        more = glitches - there
        _seed(f"{glitches} open glitches", partial(votes_seed.add_open_glitches, more))
        there = glitches
        bare = postgres_cycles_per_s(options.seconds, os.environ["DATABASE_URL"])
        context = {"glitches": glitches, "stored_votes": stored}
        for clients in options.clients:
            load(site, cookies[:clients], options, WARM_UP_SECONDS)
            row = load(site, cookies[:clients], options, options.seconds)
            yield (
                context
                | {"clients": clients, "who": "crowd"}
                | row
                | {"postgres_cycles_per_s": bare}
            )
    seen = votes_seed.add_veteran(veteran, min(options.veteran_seen, there // 2))
    votes_seed.vacuum()
    for who, cookie in (("newcomer", cookies[-1]), (f"saw {seen}", votes_seed.log_in(veteran))):
        load(site, [cookie], options, WARM_UP_SECONDS)
        row = load(site, [cookie], options, options.seconds)
        context = {"glitches": there, "stored_votes": stored + seen, "clients": 1, "who": who}
        yield context | row | {"postgres_cycles_per_s": None}


def measure_faults(options: argparse.Namespace, site: VoteSite) -> Iterator[dict[str, Any]]:
    """One row: a worker killed, Postgres crashed and gunicorn killed in the midst of a load."""
    crowd = votes_seed.seed_site(CROWD)
    clients, glitches = max(options.clients), max(options.glitches)
    cookies = [votes_seed.log_in(volunteer) for volunteer in crowd[:clients]]
    _seed("stored votes", partial(votes_seed.add_stored_votes, options.stored_votes, crowd))
    _seed("open glitches", partial(votes_seed.add_open_glitches, glitches))
    faults = (site.kill_worker, site.crash_postgres, site.kill_web)
    row = load(site, cookies, options, options.seconds, faults)
    context = {"glitches": glitches, "stored_votes": options.stored_votes, "clients": clients}
    yield context | {"who": "faults"} | row | {"postgres_cycles_per_s": None}


def load(
    site: VoteSite,
    cookies: list[str],
    options: argparse.Namespace,
    seconds: float,
    faults: tuple[Callable[[], None], ...] = (),
) -> dict[str, Any]:
    """Let the clients vote in a process of their own; what they saw, and what is stored.

    ``faults`` happen one after another, evenly over the time. Processor time is told only where
    none does: what is killed takes its count with it.
    """
    before, busy = votes_check.newest_vote(), site.cpu_seconds()
    plan = {
        "host": "127.0.0.1",
        "port": site.port,
        "cookies": cookies,
        "seconds": seconds,
        "ahead": options.ahead,
        "seed": before,
    }
    seen = _run_load(plan, faults)
    stored = votes_check.votes_after(before)
    milliseconds = 1000 * np.array(seen["cycles"] or [np.nan])
    row = {
        "cycles_per_s": round(len(seen["cycles"]) / seen["seconds"], 1),
        **{f"p{p}_ms": round(float(np.percentile(milliseconds, p)), 1) for p in (50, 95, 99)},
        "acknowledged": len(seen["acknowledged"]),
        "stored": len(stored),
        **votes_check.compare(seen["acknowledged"], stored),
        "given_up": len(seen["given_up"]),
        "over_limit": votes_check.over_limit(),
        "refused": seen["refused"],
    }
    if faults:
        return row
    spent = {part: total - busy[part] for part, total in site.cpu_seconds().items()}
    spent["load"] = seen["cpu_seconds"]
    cycles = max(len(seen["cycles"]), 1)
    return row | {f"{part}_cpu_ms": round(1000 * s / cycles, 2) for part, s in spent.items()}


def _run_load(plan: dict[str, Any], faults: tuple[Callable[[], None], ...]) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+") as typed:
        json.dump(plan, typed)
        typed.seek(0)
        process = subprocess.Popen(  # noqa: S603 (our own command, no shell)
            tethered(5, sys.executable, "-m", "bench.votes_load"),
            stdin=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    for fault in faults:
        time.sleep(plan["seconds"] / (len(faults) + 1))
        fault()
    told, complaint = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"The load stopped with a fault:\n{complaint[-2000:]}")
    seen: dict[str, Any] = json.loads(told)
    return seen


def _seed(what: str, add: Callable[[], None]) -> None:
    started = time.monotonic()
    add()
    votes_seed.vacuum()
    print(f"{what} in {time.monotonic() - started:.0f} s", flush=True)
