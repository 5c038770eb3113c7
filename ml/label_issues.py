"""Labels that are probably wrong: confident learning on out-of-fold predictions, by cleanlab.

Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70
(2021) 1373; and George, Shen and Huerta (2018), who trained on many random splits and suspected
the glitches that were misread again and again. Symbols as in the first: s the given label, y* the
true one, p(k; x) the predicted probability of class k. Of cleanlab's filters the one that trusts
fewest was chosen, cut to what every repeat misread: the figures are in docs/figures.md.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from ml.errors import MLError
from ml.wanted import check_wanted, tell

Floats = npt.NDArray[np.floating]
Columns = npt.NDArray[np.integer]
AXES = 250  # principal axes of the features: as good here as all 1,280, in a tenth of the time


class TooFewLabels(MLError):
    """Nothing to compare: fewer than two classes with two labels each."""

    code = "too_few_labels"


@dataclass(frozen=True)
class OutOfFold:
    """``probabilities`` (n, C): mean over the repeats; ``misread`` (n,): the share of them that
    gave another class than the label."""

    probabilities: npt.NDArray[np.float64]
    misread: npt.NDArray[np.float64]


def out_of_fold(
    features: Floats,
    s: Columns,
    *,
    folds: int = 5,
    repeats: int = 3,
    strength: float = 0.02,
    seed: int = 0,
) -> OutOfFold:
    """Every glitch predicted by classifiers that were not trained on it.

    ``features`` (n, D), given labels ``s`` (n,) in 0..C-1. Each repeat draws other stratified folds
    and fits a balanced logistic regression on standardised principal axes. A class with fewer
    labels than folds is spread over as many folds as it has labels, and there are no more folds
    than the largest class has; one with a single label is never predicted rightly and should be
    left out. Raises :class:`TooFewLabels`.
    """
    counts = np.bincount(s)
    if (counts >= 2).sum() < 2:
        raise TooFewLabels("Doubtful labels need two classes with two labels each to be found.")
    folds = min(folds, int(counts.max()))
    total = np.zeros((len(s), len(counts)))
    misread = np.zeros(len(s))
    for repeat in range(repeats):
        probabilities = np.zeros_like(total)
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed + repeat)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class")
            splits = list(splitter.split(features, s))
        for number, (train, test) in enumerate(splits):
            check_wanted()
            probabilities[test] = _predict(
                features[train], s[train], features[test], len(counts), strength, seed
            )
            tell("round", repeat * len(splits) + number + 1, repeats * len(splits))
        total += probabilities
        misread += probabilities.argmax(axis=1) != s
    return OutOfFold(total / repeats, misread / repeats)


def _predict(
    train: Floats, s: Columns, test: Floats, classes: int, strength: float, seed: int
) -> npt.NDArray[np.float64]:
    """(m, ``classes``); a class without a training example has 0."""
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-3
    x, z = (train - mean) / spread, (test - mean) / spread
    if min(x.shape) > AXES:
        axes = PCA(AXES, random_state=seed).fit(x)
        x, z = axes.transform(x), axes.transform(z)
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=300, tol=1e-3)
    found = model.fit(x, s)
    probabilities = np.zeros((len(test), classes))
    probabilities[:, found.classes_] = found.predict_proba(z)
    return probabilities


@dataclass(frozen=True)
class Suspects:
    """Labels to look at, the most suspect first: ``rows`` (m,) of the set, and for each the class
    ``suggested`` (m,) and the ``margin`` (m,) by which it is likelier than the given one (-1..1).
    """

    rows: npt.NDArray[np.int64]
    suggested: npt.NDArray[np.int64]
    margin: npt.NDArray[np.float64]


def find_suspects(predicted: OutOfFold, s: Columns, *, often: float = 1.0) -> Suspects:
    """The labels that confident learning counts off the diagonal, if misread in every repeat.

    A label s = i is suspect where some other class j has p(j; x) >= t_j, the mean self-confidence
    of the glitches labeled j (section 3.1, C_confusion of the confident joint), and where ``often``
    or more of the repeats read another class. Ordered by normalised margin (section 3.2).
    """
    p = predicted.probabilities
    ranked = find_label_issues(
        s,
        p,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,  # more would be processes, and a Celery worker may have none
    )
    rows = np.asarray(ranked, np.int64)
    rows = rows[predicted.misread[rows] >= often]
    others = p[rows].copy()
    others[np.arange(len(rows)), s[rows]] = -1
    return Suspects(rows, others.argmax(axis=1), others.max(axis=1) - p[rows, s[rows]])
