"""``python -m bench.novelty``: is a class that the network never saw noticed?

Rows: area under the ROC curve of measures of novelty, and how often the unseen class comes out with
a confidence of .97 or more, before and after the confidence is evened out by novelty. Of a table of
real spectrograms each class is held out in turn, of fixed features; of simulated glitches the five
planted classes and None_of_the_Above are never seen, and whole recipes are trained on the others,
or, with --in-turn, each of the others is held out of fixed features: by those the constants of the
measure were chosen.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.arguments import from_one, network_recipe, present_file, results_file
from bench.recipes_data import ByLabel, simulated_pictures, split_by_chance
from ml.errors import MLError
from ml.strain.counts import PLANTED, imbalanced
from ml.vision.confidence.calibrate import fit_temperature, reported
from ml.vision.confidence.novelty import Sketches
from ml.vision.evaluate import metrics
from ml.vision.inputs.activations import make_inputs_for
from ml.vision.inputs.dataset import Example, GlitchPictures
from ml.vision.inputs.views import FULL
from ml.vision.judging.held_out import compare, hold_out_each
from ml.vision.logits import predict_logits
from ml.vision.networks.network import build_network
from ml.vision.prediction.classifier import Classifier, Scores
from ml.vision.prediction.ensemble import logits_of
from ml.vision.recipes import settings_for
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.train import train_classifier

EXAMPLES = """examples:
  python -m bench.novelty --npz ../shared/data/real_spectrograms_140x170.npz --json novelty.json
  python -m bench.novelty --simulated work --recipes logistic-features nota-cpu --seeds 1
"""
DURATION = 4.0  # the only one that all glitches of the file have
NEVER_SEEN = (*PLANTED, "None_of_the_Above")
SIMULATED, SIMULATED_SEED = 1000, 1  # known glitches, as imbalanced as Gravity Spy's
FEWEST = 5  # glitches of a class that is held out in turn
Seen = tuple[npt.NDArray[np.float32], Sketches, npt.NDArray[np.str_]]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows: list[dict[str, Any]] = []
    try:
        for row in _rows(options):
            rows.append(row)
            print(_line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    except MLError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    for name in rows[0]["auroc"]:
        print(f"mean {name}: {np.mean([row['auroc'][name] for row in rows]):.3f}")
    return 0


def _line(row: dict[str, Any]) -> str:
    areas = "  ".join(f"{name} {area:.3f}" for name, area in row["auroc"].items())
    sure = row["sure"]
    return (
        f"{row['held_out']:20} {areas}  sure {sure['unseen_before']:.3f} -> "
        f"{sure['unseen_after']:.3f} (known {sure['known_before']:.3f} -> "
        f"{sure['known_after']:.3f})"
    )


def _rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if options.npz:
        with tempfile.TemporaryDirectory() as folder:
            yield from _in_turn(read_table(options.npz, Path(folder)), options.seeds)
        return
    for recipe in options.recipes:
        settings_for(recipe, options.set)  # none is refused once pictures were made for an hour
    work = options.simulated
    pictures = simulated_pictures(work / "simulated", imbalanced(SIMULATED), SIMULATED_SEED)
    if options.in_turn:
        known = [
            (one, label)
            for label, found in pictures.items()
            for one in found
            if label not in NEVER_SEEN and len(found) >= FEWEST
        ]
        settings = TrainingSettings(trainable_blocks=0)
        yield from _in_turn(look_at(known, settings, work / "cache"), options.seeds)
        return
    for seed in range(options.seeds):
        for recipe in options.recipes:
            chosen = settings_for(recipe, options.set | {"seed": seed})
            yield from hold_out_planted(pictures, chosen, work / "cache", seed)


def _in_turn(seen: Seen, seeds: int) -> Iterator[dict[str, Any]]:
    for seed in range(seeds):
        for row in hold_out_each(*seen, seed):
            yield row | {"seed": seed}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.novelty",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--npz", type=present_file, help="arrays X (n, h, w) grey, label, duration")
    source.add_argument("--simulated", type=Path, help="folder for simulated glitches")
    parser.add_argument("--in-turn", action="store_true", help="hold out each known class")
    parser.add_argument("--recipes", nargs="+", type=network_recipe, default=["logistic-features"])
    parser.add_argument("--set", type=json.loads, default={}, help="settings of the recipes, JSON")
    parser.add_argument("--seeds", type=from_one, default=3)
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


def read_table(npz: Path, folder: Path) -> Seen:
    """What is seen of the 4.0 s pictures of a table."""
    data = np.load(npz)
    places = np.flatnonzero(np.isclose(data["duration"].astype(float), DURATION))
    pictures, grey = [], data["X"]
    for place in places:
        path = folder / f"{place}.png"
        Image.fromarray(grey[place]).save(path)
        one = GlitchPictures(str(place), {DURATION: path})
        pictures.append((one, str(data["label"][place])))
    settings = TrainingSettings(durations=(DURATION,), trainable_blocks=0)
    return look_at(pictures, settings, folder / "cache")


def look_at(
    glitches: Sequence[tuple[GlitchPictures, str]], settings: TrainingSettings, cache: Path
) -> Seen:
    """Frozen features (n, D) of labeled glitches, their sketches, and their labels (n,)."""
    network = build_network(settings, classes=2)
    maker = make_inputs_for(network, settings, cache, "cpu")
    inputs = maker.make([pictures for pictures, _ in glitches])
    _, features = predict_logits(network, maker, inputs.arrays, FULL)
    labels = np.array([glitches[index][1] for index in inputs.kept])
    return features, np.stack(inputs.sketches), labels


def hold_out_planted(
    pictures: ByLabel, settings: TrainingSettings, cache: Path, seed: int
) -> Iterator[dict[str, Any]]:
    """A row for each class that ``settings`` are not trained on, with figures on those they are."""
    known = {label: found for label, found in pictures.items() if label not in NEVER_SEEN}
    training_set = split_by_chance(known, seed)
    with tempfile.TemporaryDirectory() as folder:
        model = train_classifier(training_set, settings, Path(folder), cache)
        classifier = Classifier.load(model.weights)
    test = classifier.score([one.pictures for one in training_set.test], cache)
    truth = _labels(test, training_set.test)
    validation = classifier.score([one.pictures for one in training_set.validation], cache)
    columns = np.searchsorted(classifier.classes, _labels(validation, training_set.validation))
    alone = fit_temperature(logits_of(validation.undoubted), columns)
    without_doubt = reported(logits_of(test.undoubted), alone)
    figures = {
        name: {key: metrics(said, truth, classifier.classes)[key] for key in ("ece", "log_loss")}
        for name, said in (("temperature", without_doubt), ("reported", test.probabilities))
    }
    for label in NEVER_SEEN:
        unseen = classifier.score(pictures[label], cache)
        row = compare(_measures(test), _measures(unseen))
        yield {
            "held_out": label,
            "recipe": settings.recipe,
            "seed": seed,
            **row,
            "calibration": figures,
        }


def _measures(scores: Scores) -> dict[str, npt.NDArray[np.floating]]:
    return {
        "softmax": 1 - scores.undoubted.max(axis=1),
        "distance": scores.novelty,
        "reported": 1 - scores.probabilities.max(axis=1),
    }


def _labels(scores: Scores, examples: Sequence[Example]) -> list[str]:
    by_id = {one.pictures.glitch_id: one.label for one in examples}
    return [by_id[key] for key in scores.glitch_ids]


if __name__ == "__main__":
    raise SystemExit(main())
