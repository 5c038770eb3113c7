"""``python -m bench.recipes``: what each recipe makes of the same glitches.

``--real`` trains and tests on the real spectrograms at hand (six classes; each class in order of
its ids, which for O3 is a split in time; a seed changes the training alone). ``--imbalanced TOTAL``
does so on simulated glitches of all 22 classes, as unevenly frequent as in the training set, with
the five planted ones on top; ``--simulated N`` on N a class. There a seed deals out the split too.
``--labels N`` keeps N training labels a class, drawn by the seed, and leaves the rest unlabeled.

Figures on simulated glitches do not compare with the papers', and six easy classes do not compare
with twenty-two. A recipe whose ImageNet weights are neither in NOTA_WEIGHTS nor to be downloaded
starts from random ones, and its row says so; with ``--set weights=random`` no download is tried.
A change that names no recipe goes to all of those for which it changes something.
``ensemble``, named last, averages what the others of the same seed have made.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.arguments import from_one, results_file
from bench.recipes_data import (
    real_pictures,
    simulated_pictures,
    split_by_chance,
    split_in_order,
    with_few_labels,
)
from bench.recipes_table import row_line, summary
from ml.errors import MLError
from ml.strain.counts import TRAINING_SET, imbalanced
from ml.vision.inputs.dataset import TrainingSet
from ml.vision.judging.figures import figures
from ml.vision.judging.judged import Judged
from ml.vision.prediction.classifier import Classifier
from ml.vision.prediction.ensemble import make_ensemble
from ml.vision.recipes import RECIPES, find_recipe, settings_for
from ml.vision.recipes.changes import parse_changes
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.recipes.use import of_use
from ml.vision.training.train import TrainedModel, train_classifier

SIMULATED_NOTE = "Simulated glitches: these figures do not compare with the papers'."
REAL_NOTE = "Six classes of real spectrograms: not the papers' twenty-two."
SIMULATION_SEED = 1
QUICK = ["logistic-features", "nota-cpu", "merged-view-cnn"]
KEPT = ("accuracy", "macro_f1", "ece", "log_loss", "top", "without_lines", "averages", "per_class")
EXAMPLES = """examples:
  python -m bench.recipes --real --json recipes.json                            (minutes on a CPU)
  python -m bench.recipes --simulated 12 --epochs 3 --size 96 --seeds 1
  python -m bench.recipes --imbalanced 1000 --seeds 3 --work var/bench/recipes
  python -m bench.recipes --real --recipes all ensemble --seeds 3               (needs a GPU)
  python -m bench.recipes --real --labels 3 --recipes nota-cpu nota-few --seeds 5
  python -m bench.recipes --real --recipes nota-cpu spartificial-resnet50 \\
    --set spartificial-resnet50:backbone=mobilenet_v2
"""
Splitter = Callable[[int], TrainingSet]
Row = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.labels is not None and options.labels < 1:
        print("--labels: at least 1 a class, for a training needs an example of each.")
        return 2
    report: dict[str, list[Row]] = {}
    try:
        names = _names(options)
        with tempfile.TemporaryDirectory(prefix="nota-recipes-") as name:
            work = options.work or Path(name)
            for part, note, split in _parts(options, work):
                print(f"\n{note}")
                report[part] = []
                for row in _rows(options, names, split, work):
                    report[part].append(row | {"note": note})
                    print(row_line(row), flush=True)
                    if options.json:
                        options.json.write_text(json.dumps(report, indent=1) + "\n")
                print(f"\n{summary(report[part], note)}", flush=True)
    except MLError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    except FileNotFoundError as error:  # the real spectrograms
        sys.stderr.write(f"{error}\n")
        return 2
    if not report:
        print("Nothing was asked for: give --real, --imbalanced TOTAL or --simulated N.")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.recipes",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--real", action="store_true", help="train on the real spectrograms")
    simulated = parser.add_mutually_exclusive_group()
    simulated.add_argument("--simulated", type=int, metavar="N", help="glitches a class")
    simulated.add_argument(
        "--imbalanced", type=int, metavar="TOTAL", help="of the 22 classes as in the training set"
    )
    parser.add_argument("--recipes", nargs="+", default=QUICK, help="names; all: every one trained")
    parser.add_argument(
        "--classes", nargs="+", default=sorted(TRAINING_SET), help="of --simulated N"
    )
    parser.add_argument("--epochs", type=int, help="at most")
    parser.add_argument("--size", type=int, help="pixels; left out: the recipe's")
    parser.add_argument(
        "--set", action="append", default=[], metavar="[RECIPE:]KEY=VALUE", help="change a setting"
    )
    parser.add_argument("--seeds", type=from_one, default=1)
    parser.add_argument("--labels", type=int, metavar="N", help="a class to train on; from 1")
    parser.add_argument("--work", type=Path, help="keep pictures and caches here")
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


def _parts(options: argparse.Namespace, work: Path) -> Iterator[tuple[str, str, Splitter]]:
    """What was asked for: its name, what to say of it, and the set by seed."""
    if options.real:
        in_order = split_in_order(real_pictures(work / "real"))
        yield "real", REAL_NOTE, lambda seed: in_order
    counts = imbalanced(options.imbalanced) if options.imbalanced is not None else {}
    if options.simulated is not None:
        counts = dict.fromkeys(options.classes, options.simulated)
    if counts:
        made = simulated_pictures(work / "simulated", counts, SIMULATION_SEED)
        yield "simulated", SIMULATED_NOTE, partial(split_by_chance, made)


def _names(options: argparse.Namespace) -> list[str]:
    """The recipes to train; raises :class:`MLError` for one that cannot be as it was asked for.

    None is refused once pictures were made and others have trained for hours.
    """
    every = [name for name in RECIPES if not RECIPES[name].is_ensemble]
    names = [name for asked in options.recipes for name in (every if asked == "all" else [asked])]
    for name in names:
        _settings(options, name, 0)
    return names


def _rows(
    options: argparse.Namespace, names: list[str], split: Splitter, work: Path
) -> Iterator[Row]:
    for seed in range(options.seeds):
        training_set = split(seed)
        if options.labels is not None:
            training_set = with_few_labels(training_set, options.labels, seed)
        counts = {name: len(examples) for name, examples in training_set.splits().items()}
        counts |= {"unlabeled": len(training_set.unlabeled)}
        print(f"seed {seed}: {len(training_set.classes)} classes, {counts}")
        with tempfile.TemporaryDirectory(prefix="nota-run-") as folder:
            for name in names:
                row = _run(options, name, seed, training_set, Path(folder), work / "cache")
                yield row | {"counts": counts}


def _run(
    options: argparse.Namespace,
    name: str,
    seed: int,
    training_set: TrainingSet,
    folder: Path,
    cache: Path,
) -> Row:
    """Train one recipe with one seed into ``folder/name`` and test it."""
    settings, changes, notes = _settings(options, name, seed)
    if settings.unlabeled and not training_set.unlabeled:
        notes.append("No unlabeled glitches here, so this recipe learns as nota-cpu does.")
    started = time.process_time()
    model = _train(settings, training_set, folder, cache)
    seconds = time.process_time() - started
    scores = Classifier.load(model.weights).score(
        [example.pictures for example in training_set.test], cache
    )
    labels = {example.pictures.glitch_id: example.label for example in training_set.test}
    truth = [labels[key] for key in scores.glitch_ids]
    found = figures(Judged(model.classes, scores.probabilities.astype(np.float64), truth))
    return {
        "recipe": name,
        "seed": seed,
        **{key: found[key] for key in KEPT},
        "epochs": max(len(model.history) - 1, 0),
        "best_epoch": model.best_epoch,
        "processor_seconds": seconds,
        "changed": changes,
        "notes": [*notes, *model.notes],
    }


def _train(
    settings: TrainingSettings, training_set: TrainingSet, folder: Path, cache: Path
) -> TrainedModel:
    if not find_recipe(settings.recipe).is_ensemble:
        return train_classifier(training_set, settings, folder / settings.recipe, cache)
    members = sorted(folder.glob("*/model.pt"))
    return make_ensemble(members, training_set, settings, folder / settings.recipe, cache)


def _settings(
    options: argparse.Namespace, name: str, seed: int
) -> tuple[TrainingSettings, dict[str, Any], list[str]]:
    """The recipe's settings as asked for, what of that ``--set`` changed, and in words what else
    keeps them from its own."""
    changes = _changes(options.set, name)
    settings = settings_for(name, changes)
    weights = "random" if settings.weights == "random" else "imagenet or random"
    settings = replace(settings, seed=seed, weights=weights, size=options.size or settings.size)
    if options.epochs is None or options.epochs >= settings.epochs:
        return settings, changes, []
    note = f"At most {options.epochs} of {settings.epochs} epochs."
    return replace(settings, epochs=options.epochs), changes, [note]


def _changes(pairs: list[str], name: str) -> dict[str, Any]:
    """What ``pairs`` change for the recipe ``name``; those without a name where it is of use to it.

    >>> _changes(["size=96", "nota:epochs=3", "nota-cpu:epochs=5"], "nota")
    {'size': 96, 'epochs': 3}
    >>> _changes(["size=96", "split=in time", "ensemble:seed=3"], "ensemble")
    {'split': 'in time', 'seed': 3}
    """
    of_all: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for pair in pairs:
        where, _, value = pair.partition("=")
        recipe, _, key = where.rpartition(":")
        if recipe in ("", name):
            (own if recipe else of_all).update(parse_changes([f"{key}={value}"]))
    return of_use(of_all, find_recipe(name), own) | own


if __name__ == "__main__":
    sys.exit(main())
