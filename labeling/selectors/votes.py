"""Votes by the million, as arrays: streamed, never as objects."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from labeling.models.glitches import RETIRED_BY_VOTES

Int64 = NDArray[np.int64]
BLOCK = 1 << 16

# One statement, so one snapshot. Every field has a fixed width: a block of rows is an array.
ALL_VOTES = f"""
COPY (
    SELECT v.glitch_id, v.volunteer_id, v.voted_id, v.offered_id,
        coalesce(l.glitch_class_id, 0)::bigint,
        extract(epoch FROM v.created_at)::float8,
        (NOT v.was_gold AND (l.id IS NOT NULL OR (g.answers_counted AND g.retired_at IS NOT NULL
            AND g.retire_reason IN {RETIRED_BY_VOTES!r})))::int
    FROM labeling_vote v JOIN labeling_glitch g ON g.id = v.glitch_id
    LEFT JOIN labeling_goldlabel l ON l.glitch_id = v.glitch_id
    WHERE v.batch_id IS NULL AND v.voted_id IS NOT NULL AND v.offered_id IS NOT NULL
) TO STDOUT (FORMAT binary)
"""  # noqa: S608 (fixed texts)
# Postgres' binary COPY: a header, then a row as the number of its fields and each with its length.
HEADER = 19
NAMES = ("glitch", "volunteer", "voted", "offered", "gold", "at", "is_counted")
TYPES = (">i8",) * 5 + (">f8", ">i4")
ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name, kind in zip(NAMES, TYPES, strict=True)
        for part in ((f"{name}_size", ">i4"), (name, kind))
    ]
)


@dataclass(frozen=True)
class AllVotes:
    """Every answer to "which class?", (votes,) each, in no order.

    ``glitch``, ``volunteer``, ``voted``, ``offered``: ids; ``gold``: of the class that experts
    say, 0 where they said nothing; ``at``: Unix time; ``is_counted``: whether it counts for skill
    as an answer on what the crowd settled, or on what became gold after it.
    """

    glitch: Int64
    volunteer: Int64
    voted: NDArray[np.int32]
    offered: NDArray[np.int32]
    gold: NDArray[np.int32]
    at: NDArray[np.float64]
    is_counted: NDArray[np.bool_]


COLUMNS = {
    "glitch": np.int64,
    "volunteer": np.int64,
    "voted": np.int32,
    "offered": np.int32,
    "gold": np.int32,
    "at": np.float64,
    "is_counted": np.bool_,
}


def all_votes() -> AllVotes:
    """Read the votes as they are at this moment: some 45 bytes a vote."""
    sink = _Blocks()
    with connection.cursor() as cursor:
        cursor.copy_expert(ALL_VOTES, sink)
    sink.flush()
    return AllVotes(**{field.name: sink.column(field.name) for field in fields(AllVotes)})


class _Blocks:
    """What a COPY writes to: rows as they come, kept as columns."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.columns: dict[str, list[NDArray[Any]]] = {name: [] for name in NAMES}

    def write(self, row: bytes) -> None:
        """One message of the server: a row; the header comes with the first."""
        self.rows.append(row)
        if len(self.rows) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        data = b"".join(self.rows)
        self.rows.clear()
        if not self.columns["glitch"]:
            data = data[HEADER:]
        whole = len(data) // ROW.itemsize
        block = np.frombuffer(data, ROW, count=whole)
        for name, column in self.columns.items():
            column.append(block[name].astype(COLUMNS[name]))

    def column(self, name: str) -> NDArray[Any]:
        return np.concatenate(self.columns.pop(name))
