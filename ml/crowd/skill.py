"""Skill: a volunteer's confusion matrix, smoothed so that one lucky answer proves little.

Dirichlet smoothing of the rows of a confusion matrix, as in Dawid & Skene (1979) with a prior
(Raykar et al. 2010, section 2.5). The prior of each row is centred on the volunteer's own overall
accuracy, itself shrunk to the crowd's: a newcomer starts as an average newcomer, and what is
learned on one class speaks, weakly, for the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SkillPrior:
    """What is believed of a volunteer before any gold answer.

    ``accuracy`` is the crowd's mean; ``answers`` says how many gold answers the belief in it is
    worth; ``answers_per_class`` how many answers on one class outweigh the overall accuracy.
    """

    accuracy: float = 0.75
    answers: float = 4.0
    answers_per_class: float = 6.0


DEFAULT_PRIOR = SkillPrior()


def overall_accuracy(correct: float, seen: float, prior: SkillPrior = DEFAULT_PRIOR) -> float:
    """The posterior mean of a volunteer's accuracy on gold (Beta-binomial).

    >>> overall_accuracy(0, 0)
    0.75
    >>> overall_accuracy(1, 1)
    0.8
    """
    return (correct + prior.accuracy * prior.answers) / (seen + prior.answers)


def confusion_matrix(counts: Matrix, prior: SkillPrior = DEFAULT_PRIOR) -> Matrix:
    """The smoothed confusion matrix P(vote | truth) of one volunteer.

    Args:
        counts: (C, C) gold answers, rows = truth, columns = vote.

    Returns:
        (C, C), each row sums to 1, every entry is positive.
    """
    classes = counts.shape[0]
    accuracy = overall_accuracy(float(np.trace(counts)), float(counts.sum()), prior)
    # No better than chance is as low as a vote can be worth; below it would reward spammers.
    accuracy = max(accuracy, 1.0 / classes)
    pseudo = np.full((classes, classes), (1.0 - accuracy) / max(classes - 1, 1))
    np.fill_diagonal(pseudo, accuracy)
    smoothed = counts + prior.answers_per_class * pseudo
    return smoothed / smoothed.sum(axis=1, keepdims=True)


def restrict_to_offered(
    confusion: Matrix, offered: NDArray[np.bool_], none_of_the_above: int
) -> Matrix:
    """P(vote | truth) where only some classes were offered.

    A glitch of a class that was not offered should get None_of_the_Above, so its row is that of
    None_of_the_Above; the votes not offered have probability 0 and the rest sums to 1.

    Args:
        confusion: (C, C).
        offered: (C,), True where the class was on the page; None_of_the_Above always is.
        none_of_the_above: its index.
    """
    rows = np.where(offered[:, None], confusion, confusion[none_of_the_above])
    rows = np.where(offered[None, :], rows, 0.0)
    return rows / rows.sum(axis=1, keepdims=True)
