"""``python -m bench.few_shot``: macro-F1 with 1, 3, 10 and 30 labels a class, by method.

On the real 4.0 s pictures of NOTA_SHARED (or, with --pictures, on a folder of pictures by class).
Each draw labels some glitches of each class (never more than half of a class), gives the others to
the method without labels, and is judged on all of those. Every method sees the same draws.
``gain``: macro-F1 above the first method on the same draw, its mean and standard deviation.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bench.arguments import from_one, results_file
from ml.pictures import parse_picture_name
from ml.vision.devices import one_thread
from ml.vision.evaluate import metrics
from ml.vision.few_shot.classify import FewShotClassifier, JoinedScale, spread_labels, unit_rows
from ml.vision.few_shot.inputs import few_shot_inputs
from ml.vision.inputs.dataset import GlitchPictures

EXAMPLES = """examples:
  python -m bench.few_shot --json few_shot.json
  python -m bench.few_shot --draws 30
  python -m bench.few_shot --pictures simulated/     (as made by python -m ml.strain make)
"""
LABELS = (1, 3, 10, 30)
Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
# (features (n, D), labels of the first m rows (m,), number of classes) -> (n - m, C)
Method = Callable[[Floats, Ints, int], Floats]


class Table(NamedTuple):
    """Labels (n,) and two sets of features (n, D)."""

    labels: NDArray[np.str_]
    single: Floats  # of the 4.0 s picture alone
    joined: Floats  # of four zooms into it, and pixels


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="nota-few-shot-") as folder:
        glitches, labels = (
            read_folder(options.pictures) if options.pictures else write_real(Path(folder))
        )
        if not glitches:
            print("Nothing to classify: no pictures.")
            return 1
        with one_thread():
            table = make_table(glitches, labels, options.cache or Path(folder) / "cache")
            rows = [
                row
                for count in options.labels
                for row in measure(table, count, range(options.draws))
            ]
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.few_shot",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--draws", type=from_one, default=10)
    parser.add_argument("--labels", type=int, nargs="+", default=LABELS, help="a class")
    parser.add_argument("--pictures", type=Path, help="a folder of pictures by class")
    parser.add_argument("--cache", type=Path, help="keep the features here for the next run")
    parser.add_argument("--json", type=results_file, help="write the rows here")
    return parser


def write_real(folder: Path) -> tuple[list[GlitchPictures], list[str]]:
    """The real 4.0 s pictures as grey PNGs in ``folder``; says so where there are none."""
    source = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data"
    source /= "real_spectrograms_140x170.npz"
    if not source.is_file():
        print(f"no real spectrograms at {source} (NOTA_SHARED names their place)")
        return [], []
    with np.load(source) as data:
        chosen = data["duration"] == 4.0
        energies, labels = data["X"][chosen], data["label"][chosen]
    glitches = []
    for number, energy in enumerate(energies):
        path = folder / f"{number}.png"
        Image.fromarray(energy).save(path)
        glitches.append(GlitchPictures(str(number), {4.0: path}))
    return glitches, labels.tolist()


def read_folder(folder: Path) -> tuple[list[GlitchPictures], list[str]]:
    """The 4.0 s pictures in ``folder``'s subfolders, each named after its class."""
    paths = sorted(folder.glob("*/*_4.0.png"))
    names = [parse_picture_name(path.name) for path in paths]
    glitches = [
        GlitchPictures(name.gravityspy_id, {4.0: path})
        for name, path in zip(names, paths, strict=True)
    ]
    return glitches, [path.parent.name for path in paths]


def make_table(glitches: list[GlitchPictures], labels: list[str], cache: Path) -> Table:
    inputs = few_shot_inputs(glitches, cache)
    by_id = {glitch.glitch_id: label for glitch, label in zip(glitches, labels, strict=True)}
    joined = JoinedScale.fit(inputs.crops, inputs.pixels).transform(inputs.crops, inputs.pixels)
    return Table(
        np.array([by_id[glitch_id] for glitch_id in inputs.glitch_ids]),
        inputs.crops[:, -1],
        joined,
    )


def baseline(features: Floats, columns: Ints, classes: int) -> Floats:
    """Logistic regression (C = 0.1) on features standardised over the labeled glitches."""
    scaler = StandardScaler().fit(features[: len(columns)])
    x = scaler.transform(features)
    model = LogisticRegression(C=0.1, max_iter=500).fit(x[: len(columns)], columns)
    return np.asarray(model.predict_proba(x[len(columns) :]))


def neighbours(features: Floats, columns: Ints, classes: int) -> Floats:
    """Labels spread over the graph, and nothing else."""
    vectors = unit_rows(features - features.mean(axis=0))
    return spread_labels(vectors, columns, classes)[len(columns) :]


def few_shot(features: Floats, columns: Ints, classes: int) -> Floats:
    labeled, pool = features[: len(columns)], features[len(columns) :]
    return FewShotClassifier().fit(labeled, columns, pool).pool_probabilities_


METHODS: tuple[tuple[str, str, Method], ...] = (
    ("logistic regression", "single", baseline),
    ("logistic regression", "joined", baseline),
    ("label spreading", "joined", neighbours),
    ("few-shot", "single", few_shot),
    ("few-shot", "joined", few_shot),
)


def draw(columns: Ints, count: int, seed: int) -> Ints:
    """A permutation of the rows whose first are the labeled: ``count`` a class, at most half."""
    rng = np.random.default_rng(seed)
    labeled = []
    for column in np.unique(columns):
        members = rng.permutation(np.flatnonzero(columns == column))
        labeled.append(members[: min(count, len(members) // 2)])
    first = np.concatenate(labeled)
    return np.concatenate([first, np.setdiff1d(np.arange(len(columns)), first)])


def measure(table: Table, count: int, seeds: range) -> Iterator[dict[str, Any]]:
    """One row a method: figures over the draws of ``seeds``."""
    classes, columns = np.unique(table.labels, return_inverse=True)
    base: list[float] = []
    for method, features, run in METHODS:
        found = []
        for seed in seeds:
            order = draw(columns, count, seed)
            labeled = sum(min(count, size // 2) for size in np.bincount(columns))
            x = getattr(table, features)[order]
            probabilities = run(x, columns[order[:labeled]], len(classes))
            truth = table.labels[order[labeled:]].tolist()
            found.append(metrics(probabilities, truth, classes.tolist()))
        scores = [each["macro_f1"] for each in found]
        base = base or scores
        gains = np.subtract(scores, base)
        row = {"labels": count, "method": method, "features": features, "draws": len(seeds)}
        for key in ("macro_f1", "accuracy", "ece"):
            values = [each[key] for each in found]
            row |= {key: round(float(np.mean(values)), 4)}
            row |= {f"{key}_sd": round(float(np.std(values)), 4)}
        row |= {"gain": round(float(gains.mean()), 4), "gain_sd": round(float(gains.std()), 4)}
        yield row | {"each_macro_f1": [round(score, 4) for score in scores]}


def print_table(rows: list[dict[str, Any]]) -> None:
    print("| labels a class | method | features | macro-F1 | sd | gain | sd | accuracy | ECE |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['labels']} | {row['method']} | {row['features']} | {row['macro_f1']:.3f} "
            f"| {row['macro_f1_sd']:.3f} | {row['gain']:+.3f} | {row['gain_sd']:.3f} "
            f"| {row['accuracy']:.3f} | {row['ece']:.3f} |"
        )


if __name__ == "__main__":
    sys.exit(main())
