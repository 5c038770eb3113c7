"""How well a figure is known from so many glitches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from ml.vision.judging.bins import bin_of
from ml.vision.judging.judged import Aligned
from ml.vision.judging.shares import MASS

RESAMPLES = 1000
Figures = Mapping[str, Callable[[npt.NDArray[np.intp]], float]]


def bootstrap(
    figures: Figures, count: int, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, npt.NDArray[np.float64]]:
    """Each figure's values (resamples,) over glitches drawn with replacement (Efron 1979).

    A figure is a function of the places drawn (n,) among ``count`` glitches. All are computed on
    the same draws, so that differences of figures are paired.
    """
    rng = np.random.default_rng(seed)
    values = {name: np.empty(resamples) for name in figures}
    for number in range(resamples):
        drawn = rng.integers(count, size=count)
        for name, figure in figures.items():
            values[name][number] = figure(drawn)
    return values


def interval(values: npt.NDArray[np.float64], mass: float = MASS) -> tuple[float, float]:
    """The central ``mass`` of bootstrapped ``values``."""
    tail = 100 * (1 - mass) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def interval_of_error(
    values: npt.NDArray[np.float64], measured: float, mass: float = MASS
) -> tuple[float, float]:
    """The same of a calibration error that was ``measured``, to which chance can only add.

    Resampling adds chance a second time: its values are moved down by their bias, so that their
    mean is the figure (Efron and Tibshirani 1993, section 10.2), and cut at 0.
    """
    return interval(np.maximum(values - (values.mean() - measured), 0.0), mass)


def figures_of(aligned: Aligned, losses: npt.NDArray[np.float64]) -> Figures:
    """Accuracy, macro-F1, log loss and ECE as functions of the glitches drawn; fast enough to be
    computed a thousand times."""
    right, confidence = aligned.right, aligned.confidence
    truth, said, size = aligned.truth, aligned.said, len(aligned.classes)
    bins = bin_of(confidence)
    gaps = confidence - right

    def macro_f1(drawn: npt.NDArray[np.intp]) -> float:
        support = np.bincount(truth[drawn], minlength=size)
        answered = np.bincount(said[drawn], minlength=size)
        hits = np.bincount(truth[drawn], right[drawn], minlength=size)
        both = support + answered
        return float((2 * hits[both > 0] / both[both > 0]).mean())

    def ece(drawn: npt.NDArray[np.intp]) -> float:
        return float(np.abs(np.bincount(bins[drawn], gaps[drawn])).sum() / len(drawn))

    return {
        "accuracy": lambda drawn: float(right[drawn].mean()),
        "macro_f1": macro_f1,
        "log_loss": lambda drawn: float(losses[drawn].mean()),
        "ece": ece,
    }
