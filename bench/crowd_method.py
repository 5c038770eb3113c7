"""One method on one set of votes, in a process of its own: its time, memory and accuracy.

``python -m bench.crowd_method LIBRARY METHOD FOLDER`` reads item.npy, volunteer.npy, label.npy and
truth.npy (-1 where unknown) from FOLDER and prints one line of JSON. Nothing is imported before it
is needed: the peak memory is the method's, with the libraries it needs.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer]


class Votes(NamedTuple):
    """(votes,) each; ``items``, ``classes``: how many there are."""

    item: Int
    volunteer: Int
    label: Int
    items: int
    classes: int


class Answer(NamedTuple):
    """``by_class``: (items, C), the largest wins, ties shared; ``note``: what was chosen."""

    by_class: NDArray[Any]
    note: str = ""


# What is timed: everything from arrays of integers to an answer for each item.
Method = Callable[[], Answer]


def main(arguments: list[str]) -> int:
    library, method, folder = arguments
    names = ("item", "volunteer", "label", "truth")
    item, volunteer, label, truth = (np.load(Path(folder) / f"{name}.npy") for name in names)
    classes = int(max(label.max(), truth.max())) + 1
    votes = Votes(item, volunteer, label, items=len(truth), classes=classes)
    run = PREPARE[library](method, votes)
    before = _memory_mb("VmRSS")
    started = time.perf_counter()
    answer = run()
    seconds = time.perf_counter() - started
    row = {
        "seconds": round(seconds, 3),
        "peak_mb": _memory_mb("VmHWM"),
        "before_mb": before,
        "accuracy": round(accuracy_of(answer.by_class, truth), 4),
    }
    print(json.dumps(row | ({"note": answer.note} if answer.note else {})))
    return 0


def accuracy_of(by_class: NDArray[Any], truth: Int) -> float:
    """The share of items of known truth that are right; a tie of n counts 1/n where it has it."""
    right = 0.0
    for first in range(0, len(truth), 1 << 17):
        part, known = by_class[first : first + (1 << 17)], truth[first : first + (1 << 17)]
        best = part[known >= 0] == part[known >= 0].max(axis=1, keepdims=True)
        hit = best[np.arange(len(best)), known[known >= 0]]
        right += float((hit / best.sum(axis=1)).sum())
    return right / int((truth >= 0).sum())


def _memory_mb(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return round(int(line.split()[1]) / 1024, 1)
    raise LookupError(f"/proc/self/status has no {key}: this benchmark needs Linux")


def _nota(method: str, votes: Votes) -> Method:
    from ml.crowd.choice import MODELS, choose_model
    from ml.crowd.dawid_skene import fit
    from ml.crowd.models import DawidSkene, Hierarchical, OneCoin
    from ml.crowd.votes import SparseVotes

    def run() -> Answer:
        sparse = SparseVotes.from_triples(
            votes.item, votes.volunteer, votes.label, items=votes.items, classes=votes.classes
        )
        if method == "majority":
            return Answer(sparse.tally())
        if method == "chosen":
            choice = choose_model(sparse, np.random.default_rng(0))
            return Answer(fit(sparse, MODELS[choice.name]()).posterior, choice.name)
        model = {"dawid_skene": DawidSkene, "one_coin": OneCoin, "hierarchical": Hierarchical}
        fitted = fit(sparse, model[method]())
        return Answer(fitted.posterior, f"{fitted.iterations} iterations")

    return run


def _crowd_kit(method: str, votes: Votes) -> Method:
    import pandas as pd
    from crowdkit.aggregation import DawidSkene, MajorityVote

    columns = {"task": votes.item, "worker": votes.volunteer, "label": votes.label}
    frame = pd.DataFrame(columns)

    def run() -> Answer:
        model = MajorityVote() if method == "majority" else DawidSkene(n_iter=100)
        labels = model.fit_predict(frame)
        by_class = np.zeros((votes.items, votes.classes), dtype=np.int8)
        by_class[labels.index.to_numpy(), labels.to_numpy()] = 1
        return Answer(by_class)

    return run


PREPARE: dict[str, Callable[[str, Votes], Method]] = {"nota": _nota, "crowd-kit": _crowd_kit}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
