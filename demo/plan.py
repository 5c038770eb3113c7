"""What the demo plays with: the pictures, the hidden truth, and who is told which part of it.

The truth stays in files under ``var/demo``; the site is told only the gold labels. Simulated
volunteers read it as a person reads a picture, and the report compares with it at the end.
"""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.errors import MLError
from ml.pictures import parse_picture_name

PLANTED = ("Fast_Scattering", "Reverse_Chirp")
GOLD_SHARE = 0.3
RESERVED_SHARE = 0.2


class PlanError(Exception):
    """A demo that cannot be played; ``code`` is meant for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Plan:
    """``truth``: id -> label. ``hidden``: labels that neither site nor training knows."""

    pictures: Path
    simulated: bool
    seed: int
    hidden: tuple[str, ...]
    truth: Mapping[str, str]
    gold: Mapping[str, str]
    reserved: frozenset[str]

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.truth.values()) - set(self.hidden)))

    @property
    def votable(self) -> frozenset[str]:
        return frozenset(self.truth) - self.reserved

    def settings(self) -> dict[str, object]:
        """What tells one demo from another."""
        return {
            "pictures": str(self.pictures),
            "seed": self.seed,
            "hidden": list(self.hidden),
            "glitches": hashlib.sha256("\n".join(sorted(self.truth)).encode()).hexdigest(),
        }


def make_plan(pictures: Path, *, simulated: bool, hold_out: str | None, seed: int) -> Plan:
    """Read the folder (one subfolder a label) and draw gold and reserved glitches from the seed.

    Raises PlanError ``no_pictures``, ``unknown_hold_out`` or ``too_few_classes``.
    """
    truth = read_truth(pictures)
    labels = set(truth.values())
    if hold_out is not None and hold_out not in labels:
        raise PlanError(
            "unknown_hold_out",
            f"HOLD_OUT={hold_out} names no class of {pictures}; there are "
            f"{', '.join(sorted(labels))}.",
        )
    hidden = (hold_out,) if hold_out else tuple(label for label in PLANTED if simulated)
    if len(labels - set(hidden)) < 2:
        raise PlanError(
            "too_few_classes",
            f"{pictures} holds fewer than two known classes; training needs two.",
        )
    gold, reserved = _draw(truth, hidden, np.random.default_rng(seed))
    return Plan(pictures, simulated, seed, hidden, truth, gold, reserved)


def read_truth(pictures: Path) -> dict[str, str]:
    """Glitch id -> label, the name of the folder that its pictures lie in."""
    truth = {}
    for path in sorted(pictures.glob("*/*_spectrogram_*")):
        try:
            name = parse_picture_name(path.name)
        except MLError:
            continue  # the import lists it with its reason
        truth[name.gravityspy_id] = path.parent.name
    if not truth:
        raise PlanError(
            "no_pictures",
            f"{pictures} holds no pictures. DATA= must name a folder with one subfolder a class, "
            "in it files named {ifo}_{id}_spectrogram_{duration}.png.",
        )
    return truth


def _draw(
    truth: Mapping[str, str], hidden: tuple[str, ...], rng: np.random.Generator
) -> tuple[dict[str, str], frozenset[str]]:
    """Of each class a share reserved for the report, and of each known class a share as gold."""
    gold: dict[str, str] = {}
    reserved: set[str] = set()
    for label in sorted(set(truth.values())):
        ids = [str(i) for i in rng.permutation(sorted(i for i in truth if truth[i] == label))]
        kept = max(1, round(RESERVED_SHARE * len(ids)))
        reserved.update(ids[:kept])
        if label not in hidden:
            given = max(3, round(GOLD_SHARE * len(ids)))
            gold.update(dict.fromkeys(ids[kept : kept + given], label))
    return gold, frozenset(reserved)


def write_plan(plan: Plan, folder: Path) -> None:
    """Write the plan's files. Raises PlanError ``other_demo`` where another demo's state lies."""
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / "plan.json"
    settings = plan.settings()
    if marker.exists() and json.loads(marker.read_text()) != settings:
        raise PlanError(
            "other_demo",
            "The demo's state under var/ is of other data, another HOLD_OUT or another SEED. Run "
            "`make demo-reset` first, or start with the same ones again.",
        )
    _write_csv(folder / "truth.csv", plan.truth)
    _write_csv(folder / "gold.csv", plan.gold)
    (folder / "votable.txt").write_text("\n".join(sorted(plan.votable)) + "\n")
    marker.write_text(json.dumps(settings))


def _write_csv(path: Path, labels: Mapping[str, str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["gravityspy_id", "label"])
        writer.writerows(sorted(labels.items()))
