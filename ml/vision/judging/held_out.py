"""Does a network notice a class that it never saw? Each class is held out in turn.

On fixed features, with the linear head of :mod:`ml.vision.training.probe`: minutes instead of a
training a class. Compared are four measures, each higher for what is more novel, by the area under
their ROC curve (novel against known glitches, none of which the head was fitted on):

- ``softmax``: 1 - the calibrated confidence (Hendrycks and Gimpel 2017);
- ``energy``: -logsumexp of the logits (Liu et al. 2020);
- ``distance``: :class:`ml.vision.confidence.novelty.NoveltyMeasure`, of the class named;
- ``reported``: 1 - the confidence as Nota reports it, evened out where the distance is large.

And how often an unseen class comes out with a confidence of .97 or more, before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from ml.vision.confidence.calibrate import fit_temperature, reported
from ml.vision.confidence.novelty import NoveltyMeasure, Sketches
from ml.vision.judging.splits import stratified_split
from ml.vision.training.probe import balanced_weights, fit_probe

Floats = npt.NDArray[np.floating]
SHARES = {"train": 0.5, "validation": 0.1, "test": 0.4}
SURE = 0.97
STRENGTH = 0.05


def hold_out_each(
    features: Floats,
    sketches: Sketches,
    labels: npt.NDArray[np.str_],
    seed: int = 0,
    train_most: int = 80,
) -> Iterator[dict[str, Any]]:
    """A row for each class of ``labels`` (n,) held out; ``features`` (n, D), ``sketches`` (n, ...).

    ``train_most``: so many training glitches of a class at most. Every class needs four glitches.
    """
    for held_out in np.unique(labels):
        known = np.flatnonzero(labels != held_out)
        split = stratified_split(labels[known].tolist(), SHARES, seed)
        parts = {name: known[places] for name, places in split.items()}
        parts["train"] = _at_most(parts["train"], labels, train_most)
        parts["unseen"] = np.flatnonzero(labels == held_out)
        yield {"held_out": str(held_out), **_measure(features, sketches, labels, parts, seed)}


def _at_most(
    places: npt.NDArray[np.intp], labels: npt.NDArray[np.str_], most: int
) -> npt.NDArray[np.intp]:
    of_class = [places[labels[places] == label][:most] for label in np.unique(labels[places])]
    return np.sort(np.concatenate(of_class))


def _measure(
    features: Floats,
    sketches: Sketches,
    labels: npt.NDArray[np.str_],
    parts: dict[str, npt.NDArray[np.intp]],
    seed: int,
) -> dict[str, Any]:
    classes, columns = np.unique(labels[parts["train"]], return_inverse=True)
    count = len(classes)
    weights = balanced_weights(columns, count)
    train = features[parts["train"]]
    weight, bias = fit_probe(train, columns, weights, count, STRENGTH, seed)
    novelty = NoveltyMeasure.fit(sketches[parts["train"]], columns, count)

    def judged(places: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Logits (n, C) and novelty (n,)."""
        logits = features[places] @ weight.T + bias
        return logits, novelty.measure(sketches[places], logits.argmax(axis=1))

    logits, distance = judged(parts["validation"])
    truth = np.searchsorted(classes, labels[parts["validation"]])
    temperature = fit_temperature(logits, truth, distance)

    def of(places: npt.NDArray[np.intp]) -> dict[str, Floats]:
        logits, distance = judged(places)
        before = reported(logits, temperature)
        after = reported(logits, temperature, distance)
        return {
            "softmax": 1 - before.max(axis=1),
            "energy": -logsumexp(logits, axis=1),
            "distance": distance,
            "reported": 1 - after.max(axis=1),
        }

    return compare(of(parts["test"]), of(parts["unseen"]))


def compare(known: dict[str, Floats], unseen: dict[str, Floats]) -> dict[str, Any]:
    """What each measure, higher for what is more novel, says of known and of unseen glitches.

    Both hold (n,) by measure, of which ``softmax`` and ``reported`` are 1 - a confidence.
    """
    counts = [len(part["reported"]) for part in (known, unseen)]
    novel = np.repeat([0, 1], counts)
    return {
        "unseen": counts[1],
        "known": counts[0],
        "auroc": {
            name: float(roc_auc_score(novel, np.concatenate([known[name], unseen[name]])))
            for name in known
        },
        "sure": {
            "unseen_before": _sure(unseen["softmax"]),
            "unseen_after": _sure(unseen["reported"]),
            "known_before": _sure(known["softmax"]),
            "known_after": _sure(known["reported"]),
        },
    }


def _sure(doubt: Floats) -> float:
    return float((1 - doubt >= SURE).mean())
