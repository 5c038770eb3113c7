"""What can be wrong with a pool that is to be clustered."""

from ml.errors import MLError


class TooFewPoints(MLError):
    """Fewer glitches than any clustering could mean something on."""

    code = "too_few_points"


class BadVectors(MLError):
    """Vectors that are not a finite (n, d) array."""

    code = "bad_vectors"
