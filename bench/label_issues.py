"""``python -m bench.label_issues``: wrong labels planted, and how many the queue finds.

5 and 15 % of the labels of a set are changed to another class of the set at random; the queue is
then made as ``manage.py find_label_issues`` makes it. Precision: of the queue's labels, those that
were planted; recall: of the planted, those in the queue. Beside it other filters of cleanlab on the
same predictions, as they are and cut likewise to what every repeat misread. Sets: real spectrograms
where their folder is present (NOTA_SHARED), and simulated ones, made once into --simulated.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues

from bench.arguments import from_one, results_file
from bench.pictures import FeatureSet, real_features, simulated_features
from ml.label_issues import OutOfFold, find_suspects, out_of_fold

SHARES = (0.05, 0.15)
EXAMPLES = """examples:
  python -m bench.label_issues --json labels.json
  python -m bench.label_issues --simulated var/simulated --each 40 --seeds 3
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    sets = [simulated_features(options.simulated, options.each, options.cache)]
    real = real_features(options.cache)
    if real is None:
        print("no real spectrograms beside the project (NOTA_SHARED): left out")
    else:
        sets.insert(0, real)
    rows = []
    for one in sets:
        for share in SHARES:
            for seed in range(options.seeds):
                for row in measure(one, share, seed):
                    rows.append(row)
                    print(_line(row), flush=True)
                    if options.json:
                        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.label_issues",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    var = Path(os.environ.get("NOTA_VAR", "var"))
    parser.add_argument("--simulated", type=Path, default=var / "bench" / "simulated")
    parser.add_argument("--cache", type=Path, default=var / "bench" / "cache")
    parser.add_argument("--each", type=from_one, default=40, help="simulated glitches a class")
    parser.add_argument("--seeds", type=from_one, default=3)
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


def measure(one: FeatureSet, share: float, seed: int) -> list[dict[str, Any]]:
    """The figures of each method on one set with ``share`` of its labels changed."""
    true = np.searchsorted(one.classes, one.labels)
    given = plant(true, len(one.classes), share, np.random.default_rng(seed))
    predicted = out_of_fold(one.features, given, seed=seed)
    wrong = given != true
    found = {"nota": find_suspects(predicted, given).rows} | _other_filters(predicted, given)
    facts = {"set": one.name, "glitches": len(true), "share": share, "seed": seed}
    return [
        facts | {"method": method, "queue": len(rows)} | figures(rows, wrong)
        for method, rows in found.items()
    ]


def plant(
    true: npt.NDArray[np.int64], classes: int, share: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(n,) labels of which ``share`` are another class, drawn evenly."""
    given = true.copy()
    chosen = rng.permutation(len(true))[: round(share * len(true))]
    given[chosen] = (true[chosen] + rng.integers(1, classes, len(chosen))) % classes
    return given


def figures(rows: npt.NDArray[np.int64], wrong: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Precision and recall of the queue, and the precision of its first half.

    >>> figures(np.array([3, 1]), np.array([False, False, True, True]))
    {'precision': 0.5, 'recall': 0.5, 'first_half': 1.0}
    """
    hits = wrong[rows]
    half = hits[: max(len(hits) // 2, 1)]
    return {
        "precision": float(hits.mean()) if len(hits) else 0.0,
        "recall": float(hits.sum() / max(wrong.sum(), 1)),
        "first_half": float(half.mean()) if len(half) else 0.0,
    }


def _other_filters(
    predicted: OutOfFold, given: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.int64]]:
    by_noise_rate, by_confidence = (
        find_label_issues(
            given,
            predicted.probabilities,
            return_indices_ranked_by="normalized_margin",
            filter_by=how,
            n_jobs=1,
        )
        for how in ("prune_by_noise_rate", "confident_learning")
    )
    return {
        "confident learning, as it is": by_confidence,
        "prune by noise rate, as it is": by_noise_rate,
        "prune by noise rate, misread": by_noise_rate[predicted.misread[by_noise_rate] >= 1],
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['set']:10s} {row['share']:.0%} seed {row['seed']}  {row['method']:37s} "
        f"queue {row['queue']:4d}  precision {row['precision']:.3f}  recall {row['recall']:.3f}"
        f"  first half {row['first_half']:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
