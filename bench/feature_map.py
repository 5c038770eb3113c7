"""``python -m bench.feature_map``: do glitches of a class that was never seen lie by themselves?

A recipe learns all simulated classes but one. Then its features, the network without the last
layer, place the test glitches and all of that class: rows tell the share of a glitch's five nearest
that are of its own class, in the features and on maps by t-SNE in two and three dimensions, and
which classes lie nearest to the one never seen on the first map (Reverse_Chirp beside Chirp in
George, Shen and Huerta 2018). Simulated glitches: these figures do not compare with the paper's.
"""

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.figure import Figure

from bench.arguments import from_one, network_recipe, results_file
from bench.recipes_data import ByLabel, simulated_pictures, split_by_chance
from ml.errors import MLError
from ml.strain.counts import PLANTED, imbalanced
from ml.vision.judging.feature_map import alike_nearby, feature_map, nearest_classes
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes import settings_for
from ml.vision.recipes.changes import parse_changes
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.train import train_classifier

EXAMPLES = """examples:
  python -m bench.feature_map --work var/bench/recipes --png map.png --csv map.csv
  python -m bench.feature_map --work var/bench/recipes --recipe logistic-features --json map.json
  python -m bench.feature_map --work var/bench/recipes --hold-out PIZZICATO --seed 1
"""
SIMULATED, SIMULATED_SEED = 1000, 1  # the set of bench.recipes --imbalanced 1000
SPACES = ("features", "map in 2", "map in 3")
Floats = npt.NDArray[np.floating]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        changes = parse_changes(options.set)
        settings = settings_for(options.recipe, changes | {"seed": options.seed})
        with tempfile.TemporaryDirectory(prefix="nota-map-") as folder:
            work = options.work or Path(folder)
            counts = imbalanced(options.total)
            pictures = simulated_pictures(work / "simulated", counts, SIMULATED_SEED)
            ids, labels, features = place(pictures, options.hold_out, settings, work / "cache")
    except MLError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    maps = [feature_map(features, dimensions, options.seed) for dimensions in (2, 3)]
    found = dict(zip(SPACES, (alike_nearby(one, labels) for one in (features, *maps)), strict=True))
    nearest = nearest_classes(maps[0], labels, options.hold_out)
    _print(found, labels, options.hold_out, nearest)
    if options.json:
        report = {"never_seen": options.hold_out, "alike_nearby": found, "nearest": nearest}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if options.csv:
        write_table(options.csv, ids, labels, np.hstack(maps))
    if options.png:
        draw(options.png, maps[0], labels, options.hold_out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.feature_map",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipe", type=network_recipe, default="nota-cpu")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--hold-out", choices=PLANTED, default="Reverse_Chirp")
    parser.add_argument("--total", type=from_one, default=SIMULATED, help="of the 22 classes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="keep pictures and caches here")
    parser.add_argument("--json", type=results_file, help="write the figures here")
    parser.add_argument("--csv", type=results_file, help="write each glitch's places here")
    parser.add_argument("--png", type=results_file, help="draw the map in two dimensions here")
    return parser


def place(
    pictures: ByLabel, never_seen: str, settings: TrainingSettings, cache: Path
) -> tuple[list[str], npt.NDArray[np.str_], Floats]:
    """Ids, labels (n,) and features (n, D) of the test glitches, and of all of the class that the
    recipe did not learn."""
    known = {label: found for label, found in pictures.items() if label != never_seen}
    training_set = split_by_chance(known, settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        model = train_classifier(training_set, settings, Path(folder), cache)
        classifier = Classifier.load(model.weights)
    asked = [one.pictures for one in training_set.test] + list(pictures[never_seen])
    labels = {one.pictures.glitch_id: one.label for one in training_set.test}
    scores = classifier.score(asked, cache)
    found = [labels.get(key, never_seen) for key in scores.glitch_ids]
    return list(scores.glitch_ids), np.array(found), scores.features


def _print(
    found: dict[str, dict[str, float]],
    labels: npt.NDArray[np.str_],
    never_seen: str,
    nearest: list[str],
) -> None:
    print("Simulated glitches: these figures do not compare with the paper's.")
    print("Of the five nearest glitches so many are of the same class:")
    print(f"{'class':<22}{'glitches':>9}" + "".join(f"{name:>10}" for name in SPACES))
    for label in np.unique(labels):
        shares = "".join(f"{found[space][label]:10.3f}" for space in SPACES)
        name = f"{label} *" if label == never_seen else str(label)
        print(f"{name:<22}{(labels == label).sum():>9}{shares}")
    means = "".join(f"{np.nanmean(list(found[space].values())):10.3f}" for space in SPACES)
    print(f"{'mean':<22}{len(labels):>9}{means}")
    print(f"* never seen; nearest to it on the map in 2: {', '.join(nearest[:3])}")


def write_table(path: Path, ids: list[str], labels: npt.NDArray[np.str_], places: Floats) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["gravityspy_id", "label", "x", "y", "u", "v", "w"])
        for key, label, row in zip(ids, labels, places.tolist(), strict=True):
            table.writerow([key, label, *(round(value, 4) for value in row)])


def draw(path: Path, places: Floats, labels: npt.NDArray[np.str_], never_seen: str) -> None:
    figure = Figure(figsize=(11, 8), layout="constrained")
    axes: Any = figure.add_subplot(xticks=[], yticks=[])
    for number, label in enumerate(np.unique(labels)):
        own = places[labels == label]
        is_new = label == never_seen
        marker = "*" if is_new else "osv^DPX"[number % 7]
        name = f"{label} (never seen)" if is_new else label.replace("_", " ")
        size, colour = 70 if is_new else 22, colormaps["tab20"](number % 20)
        axes.scatter(*own.T, s=size, marker=marker, color=colour, label=name)
    axes.set_title("Simulated glitches by t-SNE of a network's features")
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    figure.savefig(path, format="png", dpi=110)


if __name__ == "__main__":
    raise SystemExit(main())
