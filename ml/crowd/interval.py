"""How well an accuracy is known from a few answers."""

from scipy.special import betaincinv


def accuracy_interval(right: float, seen: float, mass: float = 0.9) -> tuple[float, float]:
    """The central interval of the accuracy that holds ``mass`` of Beta(1 + right, 1 + wrong).

    That is the posterior under a uniform prior (Bayes' and Laplace's rule). No answer at all gives
    the middle of everything.

    >>> accuracy_interval(0, 0)
    (0.05, 0.95)
    >>> [round(bound, 3) for bound in accuracy_interval(1, 1)]
    [0.224, 0.975]
    """
    tail = (1 - mass) / 2
    a, b = 1 + right, 1 + seen - right
    low, high = betaincinv(a, b, [tail, 1 - tail])
    return round(float(low), 12), round(float(high), 12)
