"""The bins of confidence that the calibration error and its diagrams share.

Light enough for the web process.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BINS = 15  # of equal width, as in Guo et al. 2017


def bin_of(confidence: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """(n,) within 0 to 1 -> (n,) the number of each one's bin; 1 falls into the last.

    >>> bin_of(np.array([0.0, 0.5, 1.0])).tolist()
    [0, 7, 14]
    """
    return np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
