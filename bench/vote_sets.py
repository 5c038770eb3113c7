"""Sets of votes with a known truth: the five public ones where their folder is present."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = ("bluebird", "rte", "dog", "web", "MS")


@dataclass(frozen=True)
class VoteSet:
    """``item``, ``volunteer``, ``label``: (votes,); ``truth``: (items,), -1 where unknown."""

    name: str
    item: NDArray[np.int32]
    volunteer: NDArray[np.int32]
    label: NDArray[np.int32]
    truth: NDArray[np.int32]

    def save(self, folder: Path) -> None:
        for column in ("item", "volunteer", "label", "truth"):
            np.save(folder / f"{column}.npy", getattr(self, column))


def votes_folder() -> Path:
    """Where the public vote sets are expected: NOTA_SHARED, by default beside the project."""
    return Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "votes"


def read_vote_sets() -> Iterator[VoteSet]:
    """The five public sets; says so and yields nothing where the folder is absent."""
    folder = votes_folder()
    if not folder.is_dir():
        print(f"no real votes in {folder} (NOTA_SHARED names their place): left out")
        return
    for name in NAMES:
        yield read_vote_set(folder / name)


def read_vote_set(folder: Path) -> VoteSet:
    """A folder with label.csv (item,worker,label) and truth.csv (item,truth)."""
    votes = _rows(folder / "label.csv")
    truths = {row["item"]: row["truth"] for row in _rows(folder / "truth.csv")}
    items = _places(row["item"] for row in votes)
    volunteers = _places(row["worker"] for row in votes)
    labels = _places([*sorted({row["label"] for row in votes}), *sorted(set(truths.values()))])
    truth = np.full(len(items), -1, dtype=np.int32)
    for item, label in truths.items():
        if item in items:
            truth[items[item]] = labels[label]
    return VoteSet(
        name=folder.name,
        item=np.array([items[row["item"]] for row in votes], dtype=np.int32),
        volunteer=np.array([volunteers[row["worker"]] for row in votes], dtype=np.int32),
        label=np.array([labels[row["label"]] for row in votes], dtype=np.int32),
        truth=truth,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _places(names: "Iterator[str] | list[str]") -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names))}
