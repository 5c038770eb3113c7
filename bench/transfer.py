"""``python -m bench.transfer``: is the simulator any good?

A linear classifier on frozen EfficientNet-Lite0 features learns from simulated 4.0 s pictures
alone and is tested on the real spectrograms of six classes. No real picture takes part in
training, in standardising, or in the choice of anything: the regularisation is chosen by
cross-validation on simulated glitches. Two heads: one that knows the six classes only, and one
that knows all 22 and the five planted ones, where a real glitch can go wrong 26 ways. Two steps:
pictures normalised as since the second run, and beside them the same as in the first. Left out,
saying so, where the real pictures are not there (NOTA_SHARED).
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.arguments import from_one, results_file
from bench.pictures import LONGEST, FeatureSet, real_features, simulated_features

STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03)
AIM = 0.85
EXAMPLES = """examples:
  python -m bench.transfer --json transfer.json
  python -m bench.transfer --simulated var/simulated --each 60 --seeds 1
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    real = real_features(options.cache, LONGEST)
    if real is None:
        print("no real spectrograms beside the project (NOTA_SHARED): left out")
        return 0
    rows = []
    for seed in range(11, 11 + options.seeds):
        for name, simulated in _steps(options, seed):
            for head, taught in (
                ("six classes", only(simulated, real.classes)),
                ("all classes", simulated),
            ):
                rows.append(measure(head, taught, real) | {"seed": seed, "pictures": name})
                print(_line(rows[-1]), flush=True)
                if options.json:
                    options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.transfer",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    var = Path(os.environ.get("NOTA_VAR", "var"))
    parser.add_argument("--simulated", type=Path, default=var / "bench" / "simulated")
    parser.add_argument("--cache", type=Path, default=var / "bench" / "cache")
    parser.add_argument("--each", type=from_one, default=40, help="simulated glitches a class")
    parser.add_argument("--seeds", type=from_one, default=1, help="of the simulated set")
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


def _steps(options: argparse.Namespace, seed: int) -> Iterator[tuple[str, FeatureSet]]:
    """Pictures as gwpy normalises them, then beside them the same ones as Omega did (run O1)."""
    sets = [
        simulated_features(
            options.simulated / f"{run}-{seed}", options.each, options.cache, LONGEST, seed, run
        )
        for run in ("O3", "O1")
    ]
    yield "O3", sets[0]
    features = np.concatenate([one.features for one in sets])
    yield "O3 and O1", FeatureSet("both", features, np.concatenate([one.labels for one in sets]))


def only(one: FeatureSet, classes: npt.NDArray[np.str_]) -> FeatureSet:
    kept = np.isin(one.labels, classes)
    return FeatureSet(one.name, one.features[kept], one.labels[kept])


def fit(simulated: FeatureSet) -> Pipeline:
    head = LogisticRegressionCV(
        Cs=list(STRENGTHS),
        cv=3,
        class_weight="balanced",
        max_iter=300,
        tol=1e-3,
        l1_ratios=(0,),
        use_legacy_attributes=False,
        scoring="neg_log_loss",
    )
    return make_pipeline(StandardScaler(), head).fit(simulated.features, simulated.labels)


def measure(head: str, simulated: FeatureSet, real: FeatureSet) -> dict[str, Any]:
    """Accuracy, macro-F1 over the real classes, and the recall of each."""
    said = fit(simulated).predict(real.features)
    f1 = f1_score(real.labels, said, labels=real.classes, average="macro", zero_division=0)
    recall = {
        str(label): float((said[real.labels == label] == label).mean()) for label in real.classes
    }
    return {
        "head": head,
        "trained_on": len(simulated.labels),
        "classes": len(simulated.classes),
        "tested_on": len(real.labels),
        "accuracy": float((said == real.labels).mean()),
        "macro_f1": float(f1),
        "recall": recall,
    }


def _line(row: dict[str, Any]) -> str:
    verdict = "met" if row["accuracy"] >= AIM else "FALLS SHORT"
    recall = ", ".join(f"{label} {share:.2f}" for label, share in row["recall"].items())
    return (
        f"seed {row['seed']}, {row['head']}, pictures as in {row['pictures']}: "
        f"{row['trained_on']} simulated, accuracy {row['accuracy']:.3f} (aim {AIM}: {verdict}), "
        f"macro-F1 {row['macro_f1']:.3f}; {recall}"
    )


if __name__ == "__main__":
    sys.exit(main())
