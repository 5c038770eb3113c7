"""How unsure a row of probabilities is, from 0 (certain) to 1 (every class as likely).

Three measures (Settles 2009, section 3.1), each scaled to [0, 1] so that they can be exchanged:

* ``entropy``: -sum p log p / log C;
* ``margin``: 1 - (the largest p - the second);
* ``least_confidence``: (1 - the largest p) * C / (C - 1).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Vector = NDArray[np.float64]


def entropy(probabilities: Rows) -> Vector:
    """(n, C) -> (n,).

    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    bits = -(probabilities * logarithms).sum(axis=1) / np.log(probabilities.shape[1])
    return np.asarray(np.abs(bits))  # a sum of zeros is -0.0


def margin(probabilities: Rows) -> Vector:
    """(n, C) -> (n,).

    >>> margin(np.array([[0.5, 0.5, 0.0], [0.75, 0.25, 0.0]])).tolist()
    [1.0, 0.5]
    """
    second, first = np.sort(probabilities, axis=1)[:, -2:].T
    return np.asarray(1.0 - (first - second))


def least_confidence(probabilities: Rows) -> Vector:
    """(n, C) -> (n,).

    >>> least_confidence(np.array([[0.5, 0.5], [0.75, 0.25]])).tolist()
    [1.0, 0.5]
    """
    classes = probabilities.shape[1]
    return np.asarray((1.0 - probabilities.max(axis=1)) * classes / (classes - 1))


Measure = Callable[[Rows], Vector]
MEASURES: Mapping[str, Measure] = {
    "entropy": entropy,
    "margin": margin,
    "least_confidence": least_confidence,
}


def joint_uncertainty(measure: Measure, classifier: Rows, crowd: Rows) -> Vector:
    """(n,) the geometric mean of what the classifier and the crowd are unsure of.

    A label teaches the classifier where the classifier is unsure, and a vote changes the label
    where the crowd is: what only one of them doubts is worth less than what both do.

    Args:
        classifier: (n, C) the classifier's probabilities.
        crowd: (n, C) the running posteriors; before the first vote, the priors.
    """
    return np.sqrt(measure(classifier) * measure(crowd))
