"""Temperature scaling (Guo et al. 2017), held back where there is little to fit it on. NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from ml.vision.confidence.novelty import spread_doubt

Floats = npt.NDArray[np.floating]

# Width of the normal prior on log T around 0: with a handful of validation glitches the data say
# little against T = 1; with hundreds the prior is nothing. It also keeps a validation split without
# a single error from driving T to 0, which would make unseen classes look certain.
PRIOR_WIDTH = 0.25
LOWEST, HIGHEST = 0.2, 10.0


def log_loss(probabilities: Floats, truth: npt.NDArray[np.integer]) -> float:
    """Mean of -log p(true class), p clipped at 1e-6; ``truth`` (n,) holds columns."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, 1e-6, 1.0)).mean())


def reported(
    logits: Floats, temperature: float, novelty: Floats | None = None
) -> npt.NDArray[np.float64]:
    """(n, C) probabilities as Nota gives them: softmax(logits / T), evened out by ``novelty`` (n,).

    Without a measure of novelty, by temperature alone.
    """
    probabilities = softmax((logits / temperature).astype(np.float64), axis=1)
    return probabilities if novelty is None else spread_doubt(probabilities, novelty)


def fit_temperature(
    logits: Floats, truth: npt.NDArray[np.integer], novelty: Floats | None = None
) -> float:
    """The T > 0 at which what is :func:`reported` is most probable given ``truth`` and the prior.

    ``logits`` (n, C), ``truth`` (n,) columns. No example at all gives 1.
    """
    if len(truth) == 0:
        return 1.0

    def cost(log_temperature: float) -> float:
        said = reported(logits, float(np.exp(log_temperature)), novelty)
        fit = log_loss(said, truth) * len(truth)
        return fit + 0.5 * (log_temperature / PRIOR_WIDTH) ** 2

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(minimize_scalar(cost, bounds=bounds, method="bounded").x))


PRECISION_WANTED = 0.95
THRESHOLD_EXAMPLES = 5


def class_thresholds(
    probabilities: Floats,
    truth: npt.NDArray[np.integer],
    classes: Sequence[str],
    precision: float = PRECISION_WANTED,
) -> dict[str, float | None]:
    """From which confidence on a class's name is right in at least ``precision`` of cases.

    ``probabilities`` (n, C) and ``truth`` (n,) columns of glitches that the network was not
    trained on; a truth of -1 is a class that it does not know. For each class: the least threshold
    with precision among the glitches called so at or above it. None where no threshold reaches it,
    or where fewer than five glitches are called so: then nothing is known.
    """
    said, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found: dict[str, float | None] = {}
    for column, label in enumerate(classes):
        mine = said == column
        order = np.argsort(-confidence[mine], kind="stable")
        steps = confidence[mine][order]
        right = np.cumsum(truth[mine][order] == column) / np.arange(1, len(steps) + 1)
        # Equal confidences stand or fall together: only the last of them is a place to cut.
        last = np.append(steps[1:] < steps[:-1], True) if len(steps) else np.zeros(0, bool)
        good = np.flatnonzero(last & (right >= precision))
        enough = len(steps) >= THRESHOLD_EXAMPLES and len(good)
        found[label] = float(steps[good[-1]]) if enough else None
    return found
