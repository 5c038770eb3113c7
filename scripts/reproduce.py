"""``make reproduce``: the recipes of the papers on the published set, their figures beside ours.

In a folder of its own (NOTA_VAR, default var/reproduce) with its own embedded servers it imports
the set with its published split, trains each recipe, judges it on the published test split, and
prints the tables. Every step is a command of ``manage.py`` that is done once: stopped and started
again it goes on with the next one. A recipe that cannot train here (ImageNet weights that are
missing, for instance) is listed with its reason, and the others go on.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labeling.embedded import keep_secret_key, start_postgres, start_valkey

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = """examples:
  make reproduce DATA=TrainingSet METADATA=trainingset_v1d1_metadata.csv
  python -m scripts.reproduce trainingsetv1d1.h5 --metadata trainingset_v1d1_metadata.csv
  python -m scripts.reproduce TrainingSet --recipes logistic-features nota-cpu
"""
# Percent. George, Shen and Huerta, Physical Review D 97 (2018) 101501, table II and its longer
# version (top-1 to top-5, top-1 without the two line classes); the merged-view network after
# Zevin et al. (2017), measured there; the ResNet50 after the report of Spartificial (2023).
PAPERS: dict[str, tuple[float | None, ...]] = {
    "george-inception-v3": (98.84, 99.71, 99.88, 99.94, 100.0, 98.76),
    "george-inception-v2": (98.78, 99.59, 99.71, 99.94, 100.0, 98.70),
    "george-resnet50": (98.84, 99.71, 99.83, 99.94, 100.0, 98.76),
    "george-vgg16": (98.15, 99.36, 99.71, 99.83, 99.88, 98.02),
    "george-vgg19": (98.21, 99.31, 99.60, 99.71, 99.71, 98.08),
    "merged-view-cnn": (96.70, 98.32, 99.13, 99.31, 99.36, 96.72),
    "logistic-features": (95.0, None, None, None, None, None),  # "over 95 %"
    "spartificial-resnet50": (96.31, None, None, None, None, None),
    "nota-cpu": (None,) * 6,
    "nota": (None,) * 6,
}
COLUMNS = ("top-1", "top-2", "top-3", "top-4", "top-5", "top-1, 20 classes")
ASKED = "run this again"  # what evaluate says where a worker has to predict first
IMPORTED = "there already"
POLL_SECONDS, PATIENCE = 10, 720
MADE = re.compile(r"It made classifier (\d+)")


class StepFailed(Exception):
    """A command that ended with an error; the message is the last line of its ``output``."""

    def __init__(self, output: str) -> None:
        self.output = output
        super().__init__(output.strip().rpartition("\n")[2])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    folder = Path(os.environ.get("NOTA_VAR") or ROOT / "var" / "reproduce").resolve()
    report = folder / "reproduce.json"
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(folder) as environment:
            _prepare(environment, options.data, options.metadata)
            found = _read(report)
            for recipe in options.recipes:
                if "figures" not in found.get(recipe, {}):
                    found[recipe] = _reproduce(environment, recipe, folder)
                    report.write_text(json.dumps(found, indent=1) + "\n")
    except StepFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the same command goes on from here.\n")
        return 130
    sys.stdout.write(table(found, options.recipes))
    return 0 if all("figures" in found[recipe] for recipe in options.recipes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.reproduce",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="the set: folder or HDF5 file")
    parser.add_argument("--metadata", type=Path, help="its table (CSV)")
    parser.add_argument("--recipes", nargs="+", default=list(PAPERS), metavar="RECIPE")
    return parser


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Servers and one worker for both queues; gives the environment that finds them."""
    with contextlib.ExitStack() as stack:
        environment = os.environ | {"NOTA_VAR": str(folder), "SECRET_KEY": keep_secret_key(folder)}
        for variable, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_valkey)):
            environment[variable] = stack.enter_context(start(folder)).url
        manage(environment, "migrate", "--noinput")
        with (folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(  # noqa: S603 (our own command, no shell)
                (
                    *(sys.executable, "-m", "celery", "-A", "labeling", "worker"),
                    *("-Q", "default,gpu", "--pool", "threads", "--concurrency", "1"),
                    *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
                ),
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        stack.callback(_stop, worker)
        yield environment


def _stop(worker: "subprocess.Popen[bytes]") -> None:
    worker.terminate()
    try:
        worker.wait(timeout=20)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run a command of ``manage.py`` and show what it says; raises :class:`StepFailed`."""
    sys.stdout.write(f"$ manage.py {' '.join(arguments)}\n")
    sys.stdout.flush()
    said = []
    with subprocess.Popen(  # noqa: S603 (our own command, no shell)
        (sys.executable, "manage.py", *arguments),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            said.append(line)
    if process.returncode != 0:
        raise StepFailed("".join(said) or f"{arguments[0]} failed without a word.")
    return "".join(said)


def _prepare(environment: dict[str, str], data: Path, metadata: Path | None) -> None:
    manage(environment, "load_classes")
    table_of = ("--metadata", str(metadata.resolve())) if metadata else ()
    try:
        manage(environment, "import_trainingset", str(data.resolve()), *table_of)
    except StepFailed as error:
        if IMPORTED not in error.output:
            raise  # nothing was read; else some glitches are bad, and the others do


def _reproduce(environment: dict[str, str], recipe: str, folder: Path) -> dict[str, Any]:
    """The figures of one recipe, or the error that kept it from training."""
    figures = folder / f"{recipe}.json"
    try:
        made = MADE.search(manage(environment, "train", "--recipe", recipe))
        if made is None:
            raise StepFailed(f"{recipe}: the training named no model version.")
        number = made.group(1)
        _evaluate(environment, number, figures)
    except StepFailed as error:
        return {"error": str(error)}
    versions = json.loads(figures.read_text())["versions"]
    return {"version": int(number), "figures": versions[f"classifier {number}"]}


def _evaluate(environment: dict[str, str], number: str, figures: Path) -> None:
    """Judge a version; the worker is asked for predictions that are missing, and waited for."""
    for _ in range(PATIENCE):
        try:
            manage(environment, "evaluate", "--version", number, "--json", str(figures))
            return
        except StepFailed as error:
            if ASKED not in str(error):
                raise
            time.sleep(POLL_SECONDS)
    raise StepFailed(f"Version {number} was not predicted in time; see worker.log.")


def _read(report: Path) -> dict[str, dict[str, Any]]:
    if not report.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(report.read_text())
    return found


def ours(figures: dict[str, Any]) -> tuple[float, ...]:
    """Percent in the order of :data:`COLUMNS`.

    >>> ours({"top": {str(k): 0.9 + k / 100 for k in range(1, 6)},
    ...       "without_lines": {"accuracy": 0.905}})
    (91.0, 92.0, 93.0, 94.0, 95.0, 90.5)
    """
    top = [figures["top"][str(k)] for k in range(1, 6)]
    return tuple(round(100 * share, 2) for share in (*top, figures["without_lines"]["accuracy"]))


def table(found: dict[str, dict[str, Any]], recipes: Sequence[str]) -> str:
    """Two rows a recipe: the paper's figures and ours, or why there are none."""
    lines = ["", f"{'percent':24s}{'':8s}" + "".join(f"{name:>19s}" for name in COLUMNS)]
    for recipe in recipes:
        paper = PAPERS.get(recipe, (None,) * len(COLUMNS))
        lines.append(f"{recipe:24s}{'paper':8s}" + "".join(f"{_percent(v):>19s}" for v in paper))
        row = found.get(recipe, {"error": "not trained yet"})
        if "figures" in row:
            cells = "".join(f"{_percent(value):>19s}" for value in ours(row["figures"]))
            lines.append(f"{'':24s}{'here':8s}{cells}")
        else:
            lines.append(f"{'':24s}{'here':8s}  {row['error']}")
    return "\n".join(lines) + "\n"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
