"""Many votes as sparse arrays: sorted by glitch, so that a pass over them reads memory in order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]


class BadVotes(ValueError):
    """Votes that no rule can be computed from; the message says which and what to do."""

    code = "bad_votes"


@dataclass(frozen=True)
class SparseVotes:
    """Votes in compressed rows, one row a glitch. Votes given twice count twice.

    Attributes:
        starts: (items + 1,), the votes on item i are ``cells[starts[i] : starts[i + 1]]``.
        cells: (votes,), ``volunteer * classes + label`` of each vote.
        volunteers: how many; where pages differ (``pages``), the pairs of volunteer and page.
    """

    starts: Int32
    cells: Int32
    volunteers: int
    classes: int

    @property
    def items(self) -> int:
        return len(self.starts) - 1

    def __len__(self) -> int:
        return len(self.cells)

    @classmethod
    def from_triples(
        cls,
        item: ArrayLike,
        volunteer: ArrayLike,
        label: ArrayLike,
        *,
        items: int | None = None,
        volunteers: int | None = None,
        classes: int | None = None,
    ) -> "SparseVotes":
        """Sort votes, in any order, by item in O(votes).

        Args:
            item, volunteer, label: (votes,) integers from 0.
            items, volunteers, classes: how many there are; by default the largest index + 1.

        Raises:
            BadVotes: no votes, arrays of unequal length, or an index out of its range.

        >>> votes = SparseVotes.from_triples([1, 0, 1], [0, 0, 1], [2, 0, 1])
        >>> votes.starts.tolist(), votes.cells.tolist()
        ([0, 1, 3], [0, 2, 4])
        """
        columns = {"item": item, "volunteer": volunteer, "label": label}
        arrays = {name: _indices(name, values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise BadVotes(f"one item, volunteer and label a vote, but their lengths are {lengths}")
        sizes = {"item": items, "volunteer": volunteers, "label": classes}
        size = {name: _size(name, arrays[name], given) for name, given in sizes.items()}
        if size["volunteer"] * size["label"] > np.iinfo(np.int32).max:
            raise BadVotes(f"volunteers x classes must stay below 2^31, not {size}")
        cells = arrays["volunteer"] * np.int32(size["label"])
        cells += arrays["label"]
        counts = np.bincount(arrays["item"], minlength=size["item"])
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        if np.any(arrays["item"][1:] < arrays["item"][:-1]):
            cells = cells[_order_by(arrays["item"], size["item"])]
        return cls(starts, cells, volunteers=size["volunteer"], classes=size["label"])

    def rows(self, first: int, last: int, ones: Float32) -> sparse.csr_matrix:
        """The votes on items first..last-1 as a (last - first, volunteers * classes) 0/1 matrix.

        Args:
            ones: at least as many 1.0 as there are votes on these items; shared, never written.
        """
        begin, end = self.starts[first], self.starts[last]
        return sparse.csr_matrix(
            (ones[: end - begin], self.cells[begin:end], self.starts[first : last + 1] - begin),
            shape=(last - first, self.volunteers * self.classes),
        )

    def spans(self, size: int) -> Iterator[tuple[int, int]]:
        """(first, last) of consecutive runs of at most ``size`` items."""
        for first in range(0, self.items, size):
            yield first, min(first + size, self.items)

    def item_of_vote(self) -> Int32:
        """(votes,) the item of each vote, in stored order."""
        return np.repeat(np.arange(self.items, dtype=np.int32), np.diff(self.starts))

    def without(self, left_out: NDArray[np.bool_]) -> "SparseVotes":
        """All but the votes marked in ``left_out``, (votes,) bool; the items stay."""
        gone = np.concatenate([[0], np.cumsum(left_out)])
        starts = (self.starts - gone[self.starts]).astype(np.int32)
        return SparseVotes(
            starts, self.cells[~left_out], volunteers=self.volunteers, classes=self.classes
        )

    def tally(self) -> Float32:
        """(items, classes) how many votes each class has."""
        one_hot = np.tile(np.eye(self.classes, dtype=np.float32), (self.volunteers, 1))
        ones = np.ones(len(self), dtype=np.float32)
        return self.rows(0, self.items, ones) @ one_hot


def _indices(name: str, values: ArrayLike) -> Int32:
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise BadVotes(f"{name}: expected a row of at least one integer, got shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise BadVotes(f"{name}: expected integers from 0, got {array.dtype}; number them first")
    low, high = array.min(), array.max()
    if low < 0 or high >= np.iinfo(np.int32).max:
        raise BadVotes(f"{name}: indices run from 0 to 2^31 - 2, got {low} to {high}")
    return array.astype(np.int32, copy=False)


def _size(name: str, indices: Int32, given: int | None) -> int:
    least = int(indices.max()) + 1
    if given is not None and given < least:
        raise BadVotes(f"{name}: index {least - 1} does not fit in the {given} that were announced")
    return least if given is None else given


def _order_by(item: Int32, items: int) -> Int32:
    """The stable order that sorts by item: a counting sort, through SciPy's CSR -> CSC."""
    votes = len(item)
    one_a_row = np.arange(votes + 1, dtype=np.int32)
    marks = sparse.csr_matrix((np.ones(votes, np.int8), item, one_a_row), shape=(votes, items))
    return marks.tocsc().indices
