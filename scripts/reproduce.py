"""``make reproduce``: the recipes of the papers on the published set, their figures beside ours.

In a folder of its own (NOTA_VAR, default var/reproduce) with its own embedded servers it imports
the set with its published split, trains each recipe, judges it on the published test split, and
prints the tables. None_of_the_Above is a class here, as in the papers. Every step is a command of
``manage.py`` that is done once: stopped or killed, and started again, it goes on where it was. What
came of other settings, members or glitches than this call's is done again, so that the rows of a
table belong together. A recipe that cannot train here (ImageNet weights that are missing, for
instance) is listed with its reason, and the others go on. ``ensemble`` averages those before it.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import ProcessesError
from labeling.embedded import EmbeddedError
from ml.errors import MLError
from ml.vision.recipes import find_recipe, settings_for
from ml.vision.recipes.changes import parse_changes
from scripts.papers import GEORGE, SPARTIFICIAL, all_tables
from scripts.reproduce_site import ROOT, StepFailed, manage, running, say
from scripts.reproduce_state import OtherSet, State

EXAMPLES = """examples:
  make reproduce DATA=TrainingSet METADATA=trainingset_v1d1_metadata.csv
  python -m scripts.reproduce trainingsetv1d1.h5 --metadata trainingset_v1d1_metadata.csv
  python -m scripts.reproduce TrainingSet --recipes logistic-features nota-cpu ensemble
  python -m scripts.reproduce TrainingSet --set "george-vgg16:epochs=20; nota:split=in time"
"""
RECIPES = [*GEORGE, *SPARTIFICIAL, "nota-cpu", "nota"]
ASKED = "run this again"  # what evaluate says where a worker has to predict first
POLL_SECONDS, PATIENCE = 10, 720
MADE = re.compile(r"It made classifier (\d+)")
GOLD = re.compile(r"learn from \d+ glitches now \((\w+)\) and are tested on \d+ \((\w+)\)")

Changes = Mapping[str, Sequence[str]]  # recipe -> the lines KEY=VALUE that change it


class BadCall(Exception):
    """Something named on the command line that is not there; ``code`` is meant for programs."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Call:
    """One call: the site's ``folder`` and ``environment``, and the gold that lies there.

    ``learned``, ``test``: digests of what trainings learn from and are tested on.
    """

    folder: Path
    environment: dict[str, str]
    learned: str
    test: str


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    folder = Path(os.environ.get("NOTA_VAR") or ROOT / "var" / "reproduce").resolve()
    try:
        changes = _check(options)
        folder.mkdir(parents=True, exist_ok=True)
        state = State(folder / "reproduce.json", options.data, options.metadata)
        with running(folder) as environment:
            call = _prepare(environment, folder, options)
            for number, recipe in enumerate(options.recipes):
                say(f"\n== {recipe}, {number + 1} of {len(options.recipes)}")
                _reproduce(call, state, recipe, changes.get(recipe, ()), options.recipes[:number])
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
        "--set",
        nargs="+",
        default=[],
        metavar="RECIPE:KEY=VALUE",
        help="change settings; several with ; between them",
    )
    return parser


def _check(options: argparse.Namespace) -> Changes:
    """What can be told before servers start; the changes asked for. Raises BadCall, MLError."""
    options.data = options.data.resolve()
    if not options.data.exists():
        raise BadCall("no_source", f"There is no folder or file {options.data}.")
    if options.metadata is not None:
        options.metadata = options.metadata.resolve()
        if not options.metadata.is_file():
            raise BadCall("bad_metadata", f"There is no table {options.metadata}.")
    changes = parse_set(options.set, options.recipes)
    for number, recipe in enumerate(options.recipes):
        members = _members(recipe, range(1, number + 1))
        if find_recipe(recipe).is_ensemble and number < 2:
            raise BadCall("no_members", f"{recipe} averages recipes: name two or more before it.")
        settings_for(recipe, parse_changes([*changes.get(recipe, ()), *members]))
    return changes


def parse_set(given: Sequence[str], recipes: Sequence[str]) -> Changes:
    """RECIPE:KEY=VALUE, several in one text with ``;`` between them; a value may hold spaces.

    Raises UnknownRecipe; BadCall ``bad_set`` for another form and for a recipe that is not one of
    ``recipes``.

    >>> parse_set(["nota:epochs=3; nota: split=in time"], ["nota"])
    {'nota': ['epochs=3', 'split=in time']}
    """
    changes: dict[str, list[str]] = {}
    for pair in filter(None, (part.strip() for text in given for part in text.split(";"))):
        recipe, colon, line = (part.strip() for part in pair.partition(":"))
        if not colon:
            raise BadCall("bad_set", f"{pair!r} names no recipe: write nota-cpu:epochs=3.")
        if find_recipe(recipe).name not in recipes:
            raise BadCall("bad_set", f"{pair!r} changes nothing: {recipe} is not to be trained.")
        changes.setdefault(recipe, []).append(line)
    return changes


def _prepare(environment: dict[str, str], folder: Path, options: argparse.Namespace) -> Call:
    manage(environment, "load_classes")
    left_out = folder / "left-out.csv"
    table = ("--metadata", str(options.metadata)) if options.metadata else ()
    try:
        said = manage(
            environment,
            *("import_trainingset", str(options.data), *table, "--left-out", str(left_out)),
        )
    except StepFailed as error:
        said = error.output  # some glitches may be bad: the others do
    found = GOLD.search(said)
    if found is None:
        raise StepFailed(said)
    return Call(folder, environment, *found.groups())


def _reproduce(
    call: Call, state: State, recipe: str, changes: Sequence[str], before: Sequence[str]
) -> None:
    """Bring ``state`` to the figures of one recipe, or to the error that it ends with.

    ``before``: the recipes that this call came to before this one.
    """
    lines = [*changes, *_members(recipe, state.versions(before))]
    before_this = state.recipes.get(recipe, {})
    found = state.row(recipe, made_of(call.learned, recipe, lines), call.test)
    if "version" in before_this and "version" not in found:
        say(
            f"Classifier {before_this['version']} came of other settings, members or glitches, or "
            "is of before all settings were kept with a row: trained again."
        )
    if "figures" in found:
        say(f"Judged already: classifier {found['version']}.")
        return
    state.write()
    try:
        if "version" not in found:
            found["version"] = _train(call.environment, recipe, lines)
            state.write()  # a training is long: kept before anything else can go wrong
        path = call.folder / f"{recipe}.json"
        found["figures"] = _evaluate(call.environment, found["version"], path)
    except StepFailed as error:
        found["error"] = str(error)
    state.write()


def made_of(learned: str, recipe: str, changes: Sequence[str]) -> dict[str, Any]:
    """What a row comes of: the glitches, and all settings, for another release may change a recipe.

    >>> made_of("1f", "nota-cpu", ["epochs=3"])["settings"]["epochs"]
    3
    """
    return {"learned": learned, "settings": settings_for(recipe, parse_changes(changes)).to_dict()}


def _members(recipe: str, versions: Iterable[int]) -> list[str]:
    """The change by which a recipe gets its members; none for those that have none."""
    return [f"members={list(versions)}"] if find_recipe(recipe).is_ensemble else []


def _train(environment: dict[str, str], recipe: str, changes: Sequence[str]) -> int:
    go_on = ("--go-on", "--same-glitches")  # whatever was begun of other glitches is of no use
    arguments = [*go_on, *(part for change in changes for part in ("--set", change))]
    made = MADE.search(manage(environment, "train", "--recipe", recipe, *arguments))
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
