"""``python -m bench.loop``: whole cycles of the demo for several seeds, and their figures.

Each seed plays in a folder of its own with its own embedded servers; the simulated pictures are
rendered anew for each seed, so the seconds are those of a first demo. Nothing is averaged away:
every seed's row is written, and the worst of each figure is printed beside its aim.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.arguments import from_one, results_file
from bench.servers import ending_in_order
from demo.processes import ROOT, tethered

STOP_SECONDS = 90.0  # the demo stops its processes, then its servers
EXAMPLES = """examples:
  python -m bench.loop --seeds 3 --json loop.json
  python -m bench.loop --seeds 3 --data ../shared/data/spectrograms --hold-out Whistle
"""
# Figure -> (how to find it, aim, whether more is better).
AIMS: tuple[tuple[str, float, bool], ...] = (
    ("consensus_accuracy", 0.97, True),
    ("votes_per_retired_glitch", 4.0, False),
    ("proposal_purity", 0.9, True),
    ("proposal_recall", 0.7, True),
    ("f1", 0.9, True),
    ("total_seconds", 480.0, False),
    ("peak_mb", 3072.0, False),
)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        row = run_seed(seed, options.data, options.hold_out)
        rows.append(row)
        print(f"seed {seed}: {_line(row)}", flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print_table(rows)
    return 0 if all("error" not in row for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.loop",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=from_one, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="pictures, one subfolder a class")
    parser.add_argument("--hold-out", metavar="LABEL")
    parser.add_argument("--json", type=results_file, help="write the rows here, after each seed")
    return parser


def run_seed(seed: int, data: Path | None, hold_out: str | None) -> dict[str, Any]:
    """One demo; its report, or {"seed", "error"} where it did not come to an end."""
    command = [sys.executable, "-m", "demo", "--exit", "--seed", str(seed), "--port", "8100"]
    if data is not None:
        command += ["--data", str(data.resolve())]
    if hold_out is not None:
        command += ["--hold-out", hold_out]
    with ending_in_order(), tempfile.TemporaryDirectory(prefix="nota-loop-") as folder:
        environment = os.environ | {"NOTA_VAR": folder}
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        status, said = _run(command, environment)
        report = Path(folder) / "demo" / "report.json"
        if status != 0 or not report.exists():
            return {"seed": seed, "error": "\n".join(said.splitlines()[-15:])}
        row: dict[str, Any] = json.loads(report.read_text())
        return row


def _run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Exit status and output of a command that is stopped, servers and all, where we are."""
    running = subprocess.Popen(  # noqa: S603 (our own command, no shell)
        tethered(STOP_SECONDS, *command),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _nothing = running.communicate()
    finally:
        running.terminate()  # nothing where it has ended
        running.wait()
    return running.returncode, said


def figures_of(row: dict[str, Any]) -> dict[str, list[float]]:
    """Each aimed-at figure of one row; those of the classes come once a class."""
    classes = list(row["classes"].values())
    flat = {
        key: [row[key]] for key in ("consensus_accuracy", "votes_per_retired_glitch", "peak_mb")
    }
    flat["total_seconds"] = [row["seconds"]["total"]]
    for key in ("proposal_purity", "proposal_recall", "f1"):
        flat[key] = [found[key] or 0.0 for found in classes]
    return flat


def _line(row: dict[str, Any]) -> str:
    if "error" in row:
        return "did not end well\n" + str(row["error"])
    return ", ".join(
        f"{key} {'/'.join(f'{v:g}' for v in values)}" for key, values in figures_of(row).items()
    )


def print_table(rows: list[dict[str, Any]]) -> None:
    """The worst of each figure over all seeds and classes, beside its aim."""
    ended = [figures_of(row) for row in rows if "error" not in row]
    print(f"\n{len(ended)} of {len(rows)} cycles ended. Worst over seeds and classes:")
    for key, aim, more_is_better in AIMS:
        values = [v for row in ended for v in row[key]]
        if not values:
            continue
        worst = min(values) if more_is_better else max(values)
        met = worst >= aim if more_is_better else worst <= aim
        sign = ">=" if more_is_better else "<="
        verdict = "met" if met else "FALLS SHORT"
        print(f"  {key:26s} {worst:10.4g}   aim {sign} {aim:g}   {verdict}")


if __name__ == "__main__":
    sys.exit(main())
