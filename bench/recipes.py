"""``python -m bench.recipes``: what each recipe makes of the same glitches.

``--real`` trains and tests on the real spectrograms at hand (six classes; each class in order of
its ids, which for O3 is a split in time). ``--simulated N`` does so on N simulated glitches a
class.

Figures on simulated glitches do not compare with the papers', and six easy classes do not compare
with twenty-two. A recipe whose ImageNet weights are not in NOTA_WEIGHTS starts from random ones,
and its row says so.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.recipes_data import real_pictures, simulated_pictures, split
from ml.strain.counts import TRAINING_SET
from ml.vision.classifier import Classifier
from ml.vision.dataset import TrainingSet
from ml.vision.evaluate import metrics
from ml.vision.recipes import RECIPES, settings_for
from ml.vision.train import train_classifier

SIMULATED_NOTE = "Simulated glitches: these figures do not compare with the papers'."
REAL_NOTE = "Six classes of real spectrograms: not the papers' twenty-two."
QUICK = ["logistic-features", "nota-cpu", "merged-view-cnn"]
EXAMPLES = """examples:
  python -m bench.recipes --real --json recipes.json                            (minutes on a CPU)
  python -m bench.recipes --simulated 12 --epochs 3 --size 96 --seeds 1
  python -m bench.recipes --real --recipes all --seeds 3                        (needs a GPU)
  python -m bench.recipes --real --recipes spartificial-resnet50 --set backbone=mobilenet_v2
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="nota-recipes-") as name:
        work = options.work or Path(name)
        for part, rows in _parts(options, work):
            report.setdefault(part, []).extend(rows)
            if options.json:
                options.json.write_text(json.dumps(report, indent=1) + "\n")
    if not report:
        print("Nothing was asked for: give --real or --simulated N.")
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
    parser.add_argument("--simulated", type=int, metavar="N", help="glitches a class")
    parser.add_argument("--recipes", nargs="+", default=QUICK, help="names, or all")
    parser.add_argument("--classes", nargs="+", default=sorted(TRAINING_SET), help="simulated")
    parser.add_argument("--epochs", type=int, help="at most")
    parser.add_argument("--size", type=int, help="pixels; left out: the recipe's")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep pictures and caches here")
    parser.add_argument("--json", type=Path, help="write the rows here, after each")
    return parser


def _parts(options: argparse.Namespace, work: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if options.real:
        real = real_pictures(work / "real")
        print(f"\n{REAL_NOTE}")
        for row in _rows(options, split(real), work, REAL_NOTE):
            yield "real", [row]
    if options.simulated:
        print(f"\n{SIMULATED_NOTE}")
        made = simulated_pictures(work / "simulated", options.classes, options.simulated, seed=1)
        for row in _rows(options, split(made), work, SIMULATED_NOTE):
            yield "simulated", [row]


def _rows(
    options: argparse.Namespace, training_set: TrainingSet, work: Path, note: str
) -> Iterator[dict[str, Any]]:
    chosen = [name for name in RECIPES if not RECIPES[name].is_ensemble]
    names = chosen if options.recipes == ["all"] else options.recipes
    counts = {name: len(rows) for name, rows in training_set.splits().items()}
    print(f"{len(training_set.classes)} classes, {counts}")
    for name in names:
        for seed in range(options.seeds):
            row = {**run(options, name, seed, training_set, work), "counts": counts, "note": note}
            print(
                f"{name:22} seed {seed}: accuracy {row['accuracy']:.3f}, macro-F1 "
                f"{row['macro_f1']:.3f}, ECE {row['ece']:.3f}, {row['epochs']} epochs, "
                f"{row['processor_seconds']:.0f} s of processor {' '.join(row['notes'])}",
                flush=True,
            )
            yield row


def run(
    options: argparse.Namespace, name: str, seed: int, training_set: TrainingSet, work: Path
) -> dict[str, Any]:
    """Train one recipe with one seed and test it."""
    changes: dict[str, Any] = dict(pair.split("=", 1) for pair in options.set)
    settings = settings_for(name, {key: _value(value) for key, value in changes.items()})
    weights = "random" if settings.weights == "random" else "imagenet or random"
    settings = replace(settings, seed=seed, weights=weights, size=options.size or settings.size)
    if options.epochs is not None:
        settings = replace(settings, epochs=min(options.epochs, settings.epochs))
    started = time.process_time()
    with tempfile.TemporaryDirectory(prefix="nota-run-") as folder:
        model = train_classifier(training_set, settings, Path(folder), work / "cache")
        seconds = time.process_time() - started
        scores = Classifier.load(model.weights).score(
            [example.pictures for example in training_set.test], work / "cache"
        )
    labels = {example.pictures.glitch_id: example.label for example in training_set.test}
    truth = [labels[key] for key in scores.glitch_ids]
    found = metrics(scores.probabilities.astype(np.float64), truth, model.classes)
    return {
        "recipe": name,
        "seed": seed,
        **{key: found[key] for key in ("accuracy", "macro_f1", "ece", "log_loss")},
        "epochs": len(model.history) - 1,
        "best_epoch": model.best_epoch,
        "processor_seconds": seconds,
        "changed": changes,
        "notes": list(model.notes),
    }


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


if __name__ == "__main__":
    sys.exit(main())
