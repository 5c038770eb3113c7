"""``python -m bench.crowd``: consensus over many votes, ours beside crowd-kit's in the same run.

Simulated crowds (22 classes, 15 % of the volunteers guess; majority vote is right for 90 % at five
votes a glitch) and, where the folder is present, five real vote sets. Every method runs in a
process of its own, one after another, on the same votes: `peak_mb` is that process's peak with
its libraries and the votes, `before_mb` what it held before the method began. crowd-kit takes part
where it can be imported: in this Python or, with --peer-python, in another
(requirements-bench.txt). With --running, what learned skills are worth to the running consensus
(``bench.crowd_running``), and nothing else.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from bench import crowd_running
from bench.arguments import results_file
from bench.vote_sets import VoteSet, read_vote_sets
from ml.crowd.simulate_votes import CrowdShape, draw_votes

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = """examples:
  python -m bench.crowd --json crowd.json
  python -m bench.crowd --sizes 100000 1000000 --no-real
  python -m bench.crowd --sizes 10000000:10000:10     (votes : volunteers : votes a glitch)
  python -m bench.crowd --peer-python /path/to/venv/bin/python
  python -m bench.crowd --running 20000:200 20000:200:0.4   (votes : volunteers : who guess)
  python -m bench.crowd --peer-sizes 100000 1000000 10000000      (minutes and 6 GB more)
"""
SIZES = ("100000", "1000000", "10000000", "10000000:10000:10")
# crowd-kit's DawidSkene takes minutes on the third.
PEER_SIZES = SIZES[:2]
LARGE = ("majority", "dawid_skene", "one_coin", "hierarchical")
PEER = ("majority", "dawid_skene")
# crowd-kit's DawidSkene was seen to take 760 bytes a vote on top of its libraries.
PEER_BYTES_A_VOTE = 800


class Run(NamedTuple):
    library: str
    method: str


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.running:
        return _run_running(options)
    peer = _peer_python(options.peer_python)
    if peer is None:
        print("crowd-kit is not installed here: left out (see requirements-bench.txt)")
    rows: list[dict[str, Any]] = []
    for votes, runs in _sets(options, peer):
        with tempfile.TemporaryDirectory(prefix="nota-crowd-") as folder:
            votes.save(Path(folder))
            for run in runs:
                python = sys.executable if run.library == "nota" else str(peer)
                row = {
                    "set": votes.name,
                    "method": run.method,
                    "library": run.library,
                    "votes": len(votes.item),
                } | _measure(python, run, folder)
                rows.append(row)
                print(_line(row), flush=True)
                if options.json:
                    options.json.write_text(json.dumps(rows, indent=1) + "\n")
    _print_ratios(rows)
    return 0 if all("error" not in row for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.crowd",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", nargs="*", default=SIZES, help="simulated crowds")
    parser.add_argument(
        "--peer-sizes", nargs="*", default=PEER_SIZES, help="of these, crowd-kit's as well"
    )
    parser.add_argument("--peer-python", help="a Python that has crowd-kit")
    parser.add_argument("--no-real", action="store_true", help="leave out the real vote sets")
    parser.add_argument("--running", nargs="*", help="streams of votes on a running site")
    parser.add_argument("--seed", type=int, default=0, help="of the simulated crowds")
    parser.add_argument("--json", type=results_file, help="write the rows here, after each method")
    return parser


def _run_running(options: argparse.Namespace) -> int:
    rows = []
    for size in options.running:
        votes, volunteers, *guessing = size.split(":")
        shape = CrowdShape(volunteers=int(volunteers), guessing=float((guessing or ["0.15"])[0]))
        for row in crowd_running.measure(int(votes), shape, options.seed):
            rows.append(row)
            print(crowd_running.line(row), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _sets(options: argparse.Namespace, peer: str | None) -> Iterator[tuple[VoteSet, list[Run]]]:
    """Each set of votes and what is to run on it; drawn one at a time, so that one is held."""
    peers = [Run("crowd-kit", method) for method in PEER] if peer else []
    if not options.no_real:
        ours = [Run("nota", method) for method in (*LARGE, "chosen")]
        for real in read_vote_sets():
            yield real, ours + peers
    for size in options.sizes:
        ours = [Run("nota", method) for method in LARGE]
        drawn = _draw(size, options.seed)
        with_peers = size in options.peer_sizes and _fits(len(drawn.item))
        yield drawn, ours + (peers if with_peers else [])


def _draw(size: str, seed: int) -> VoteSet:
    votes, *rest = (int(part) for part in size.split(":"))
    volunteers, votes_per_item = rest or (1000, 5)
    shape = CrowdShape(volunteers=volunteers, votes_per_item=votes_per_item)
    drawn = draw_votes(votes, shape, np.random.default_rng(seed))
    name = f"simulated, {volunteers} volunteers, {votes_per_item} votes a glitch"
    return VoteSet(name, drawn.item, drawn.volunteer, drawn.label, drawn.truth)


def _fits(votes: int) -> bool:
    fits = votes * PEER_BYTES_A_VOTE < psutil.virtual_memory().available
    if not fits:
        print(f"crowd-kit on {votes} votes would not fit into the free memory: left out")
    return fits


def _peer_python(named: str | None) -> str | None:
    """The Python to run crowd-kit in; None where it cannot be imported.

    Raises:
        SystemExit: a Python was named and has no crowd-kit.
    """
    python = named or sys.executable
    check = [python, "-c", "import crowdkit.aggregation"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return python
    if named:
        raise SystemExit(
            f"--peer-python {named}: cannot import crowdkit.aggregation\n{done.stderr}"
        )
    return None


def _measure(python: str, run: Run, folder: str) -> dict[str, Any]:
    """The figures of one method, or {"error"} with the end of what it said."""
    command = [python, "-m", "bench.crowd_method", *run, folder]
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(  # noqa: S603 (our own command, no shell)
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return {"error": "\n".join(done.stderr.splitlines()[-5:])}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _line(row: dict[str, Any]) -> str:
    head = f"{row['set']:48s} {row['votes']:9d} {row['library']:9s} {row['method']:12s}"
    if "error" in row:
        return f"{head} did not end well\n{row['error']}"
    return (
        f"{head} {row['seconds']:8.2f} s {row['peak_mb']:7.0f} MB "
        f"({row['before_mb']:.0f} before)  accuracy {row['accuracy']:.4f} {row.get('note', '')}"
    )


def _print_ratios(rows: list[dict[str, Any]]) -> None:
    """Ours (hierarchical) beside crowd-kit's DawidSkene, where both ran on a set."""
    ended = {
        (row["set"], row["votes"], row["library"], row["method"]): row
        for row in rows
        if "error" not in row
    }
    for (name, votes, library, method), theirs in ended.items():
        ours = ended.get((name, votes, "nota", "hierarchical"))
        if library != "crowd-kit" or method != "dawid_skene" or ours is None:
            continue
        print(
            f"{name}, {votes} votes: {theirs['seconds'] / ours['seconds']:.1f} x the speed, "
            f"{ours['peak_mb'] / theirs['peak_mb']:.2f} of the memory, "
            f"accuracy {ours['accuracy'] - theirs['accuracy']:+.4f}"
        )


if __name__ == "__main__":
    sys.exit(main())
