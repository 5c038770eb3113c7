"""Whom to ask about what: what one volunteer's answer is expected to say of a glitch.

The information that a vote V carries about the truth T (Lindley 1956; MacKay 1992), with p the
posterior and pi = P(vote | truth) of the volunteer:

    I(T; V) = H(V) - H(V | T) = H(sum_k p_k pi_k) - sum_k p_k H(pi_k)         (nats)

Votes as noisy measurements by annotators of differing skill are weighed so in Welinder & Perona
(2010) and Yan et al. (2011). Taken alone it would send everybody to the same uncertain glitch. So
glitches are compared by the *advantage*: the volunteer's information less an average newcomer's.
Each then gets what he or she knows better than others, and who errs much gets what is easy.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Vector = NDArray[np.float64]


def information(posteriors: Rows, confusion: Rows) -> Vector:
    """(n,) I(T; V) in nats for each posterior (n, C) and one matrix (C, C) P(vote | truth).

    >>> sure, even = [1.0, 0.0], [0.5, 0.5]
    >>> information(np.array([sure, even]), np.eye(2)).round(3).tolist()
    [0.0, 0.693]
    """
    of_votes = _entropy(posteriors @ confusion)  # (n,)
    return np.asarray(np.maximum(of_votes - posteriors @ _entropy(confusion), 0.0))


def advantage(posteriors: Rows, confusion: Rows, average: Rows) -> Vector:
    """(n,) what the volunteer's vote says beyond an average newcomer's, in nats; may be negative.

    Args:
        posteriors: (n, C).
        confusion: (C, C) the volunteer's, restricted to what is offered.
        average: (C, C) an average newcomer's, restricted alike.
    """
    return np.asarray(information(posteriors, confusion) - information(posteriors, average))


def _entropy(probabilities: Rows) -> Vector:
    """(..., C) -> (...,) in nats."""
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return np.asarray(-(probabilities * logarithms).sum(axis=-1))
