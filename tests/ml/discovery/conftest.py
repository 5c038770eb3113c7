"""Points around chosen directions: pools whose groups a reader can see in the code."""

import numpy as np


def around(direction, count, rng, spread=0.1, dims=20):
    """(count, dims) points near the unit vector along axis ``direction``."""
    return np.eye(dims)[direction] + rng.normal(0, spread, (count, dims))
