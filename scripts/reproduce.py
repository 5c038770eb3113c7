"""``make reproduce``: the recipes of the papers on the published set, their figures beside ours.

In a folder of its own (NOTA_VAR, default var/reproduce) with its own embedded servers it imports
the set with its published split, trains each recipe, judges it on the published test split, and
prints the tables. None_of_the_Above is a class here, as in the papers. Every step is a command of
``manage.py`` that is done once: stopped or killed, and started again, it goes on where it was. A
recipe that cannot train here (ImageNet weights that are missing, for instance) is listed with its
reason, and the others go on. ``ensemble``, named last, averages the others.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.processes import ProcessesError
from labeling.embedded import EmbeddedError
from ml.errors import MLError
from ml.vision.recipes import find_recipe
from scripts.papers import GEORGE, SPARTIFICIAL, all_tables
from scripts.reproduce_site import ROOT, StepFailed, manage, running, say
from scripts.reproduce_state import OtherSet, State

EXAMPLES = """examples:
  make reproduce DATA=TrainingSet METADATA=trainingset_v1d1_metadata.csv
  python -m scripts.reproduce trainingsetv1d1.h5 --metadata trainingset_v1d1_metadata.csv
  python -m scripts.reproduce TrainingSet --recipes logistic-features nota-cpu ensemble
  python -m scripts.reproduce TrainingSet --set spartificial-resnet50:backbone=mobilenet_v2
"""
RECIPES = [*GEORGE, *SPARTIFICIAL, "nota-cpu", "nota"]
ASKED = "run this again"  # what evaluate says where a worker has to predict first
IMPORTED = "there already"
POLL_SECONDS, PATIENCE = 10, 720
MADE = re.compile(r"It made classifier (\d+)")


class BadCall(Exception):
    """Something named on the command line that is not there; ``code`` is meant for programs."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    folder = Path(os.environ.get("NOTA_VAR") or ROOT / "var" / "reproduce").resolve()
    try:
        _check(options)
        folder.mkdir(parents=True, exist_ok=True)
        state = State(folder / "reproduce.json", options.data, options.metadata)
        with running(folder) as environment:
            _prepare(environment, folder, options)
            for number, recipe in enumerate(options.recipes, start=1):
                say(f"\n== {recipe}, {number} of {len(options.recipes)}")
                _reproduce(environment, recipe, folder, state, options)
    except (BadCall, MLError, OtherSet, EmbeddedError, ProcessesError) as error:
        sys.stderr.write(f"{error} [{error.code}]\n")
        return 2
    except StepFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the same command goes on from here.\n")
        return 130
    sys.stdout.write(all_tables(state.recipes, options.recipes))
    sys.stdout.write(f"\nAll figures: {state.path}\n")
    return 0 if all("figures" in state.recipes[recipe] for recipe in options.recipes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.reproduce",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="the set: folder or HDF5 file")
    parser.add_argument("--metadata", type=Path, help="its table (CSV)")
    parser.add_argument("--recipes", nargs="+", default=RECIPES, metavar="RECIPE")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="RECIPE:KEY=VALUE", help="change settings"
    )
    return parser


def _check(options: argparse.Namespace) -> None:
    """What can be told before servers start. Raises BadCall, MLError."""
    options.data = options.data.resolve()
    if not options.data.exists():
        raise BadCall("no_source", f"There is no folder or file {options.data}.")
    if options.metadata is not None:
        options.metadata = options.metadata.resolve()
        if not options.metadata.is_file():
            raise BadCall("bad_metadata", f"There is no table {options.metadata}.")
    for recipe in options.recipes:
        find_recipe(recipe)


def _prepare(environment: dict[str, str], folder: Path, options: argparse.Namespace) -> None:
    manage(environment, "load_classes")
    left_out = folder / "left-out.csv"
    table = ("--metadata", str(options.metadata)) if options.metadata else ()
    try:
        manage(
            environment,
            *("import_trainingset", str(options.data), *table, "--left-out", str(left_out)),
        )
    except StepFailed as error:
        if IMPORTED not in error.output:
            raise  # nothing was read; else some glitches are bad, and the others do


def _reproduce(
    environment: dict[str, str],
    recipe: str,
    folder: Path,
    state: State,
    options: argparse.Namespace,
) -> None:
    """Bring ``state`` to the figures of one recipe, or to the error that it ends with."""
    changes = [pair.partition(":")[2] for pair in options.set if pair.startswith(f"{recipe}:")]
    if state.recipes.get(recipe, {}).get("changed") != changes:
        state.recipes[recipe] = {"changed": changes}
    found = state.recipes[recipe]
    if "figures" in found:
        say(f"Judged already: classifier {found['version']}.")
        return
    found.pop("error", None)
    try:
        if "version" not in found:
            found["version"] = _train(environment, recipe, state, changes)
            state.write()  # a training is long: kept before anything else can go wrong
        path = folder / f"{recipe}.json"
        found["figures"] = _evaluate(environment, found["version"], path)
    except StepFailed as error:
        found["error"] = str(error)
    state.write()


def _train(environment: dict[str, str], recipe: str, state: State, changes: list[str]) -> int:
    changes = list(changes)
    if find_recipe(recipe).is_ensemble:
        others = [one.get("version") for name, one in state.recipes.items() if name != recipe]
        changes.append(f"members={json.dumps([number for number in others if number])}")
    arguments = [part for change in changes for part in ("--set", change)]
    made = MADE.search(manage(environment, "train", "--recipe", recipe, "--go-on", *arguments))
    if made is None:
        raise StepFailed(f"{recipe}: the training named no model version.")
    return int(made.group(1))


def _evaluate(environment: dict[str, str], number: int, path: Path) -> dict[str, Any]:
    """Judge a version; the worker is asked for predictions that are missing, and waited for."""
    for attempt in range(PATIENCE):
        try:
            arguments = ("evaluate", "--version", str(number), "--json", str(path))
            manage(environment, *arguments, quiet=attempt > 0)
            break
        except StepFailed as error:
            if ASKED not in str(error):
                raise
            time.sleep(POLL_SECONDS)
    else:
        raise StepFailed(f"Version {number} was not predicted in time; see log/worker.log.")
    figures: dict[str, Any] = json.loads(path.read_text())["versions"][f"classifier {number}"]
    return figures


if __name__ == "__main__":
    sys.exit(main())
