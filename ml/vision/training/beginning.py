"""What the first attempt at a training settled, kept beside its checkpoints for those that follow.

Which pictures can be read differs from one moment to the next, and what unlabeled glitches seem to
be differs in its last digits from machine to machine. So a training is known by its list and its
settings alone, and one that goes on leaves out what was left out and keeps the labels given then.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ml.vision.errors import CheckpointMismatch
from ml.vision.inputs.dataset import Example, GlitchPictures, Skipped, TrainingSet
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.packed import write_or_say
from ml.vision.storage.store import hash_of
from ml.vision.training.checkpoint import Checkpoints
from ml.vision.training.checkpoint_files import BEGINNING
from ml.vision.training.reading import Read
from ml.vision.training.world import World
from ml.wanted import part

logger = logging.getLogger(__name__)

Given = tuple[str, str, float]  # an unlabeled glitch, its label and weight


@dataclass(frozen=True)
class Beginning:
    """``pseudo``: labels given to unlabeled glitches; ``skipped``: what could not be read.

    ``contents``: glitch -> hash of its pictures, of those that it began with.
    """

    fingerprint: str
    pseudo: tuple[Given, ...]
    skipped: tuple[Skipped, ...]
    contents: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Raises DiskFull."""
        write_or_say(folder / BEGINNING, json.dumps(asdict(self)).encode())


def fingerprint_of(training_set: TrainingSet, settings: Mapping[str, Any]) -> str:
    """Hash of the list, the settings and nothing that can be read from one moment to the next."""
    parts = [
        [_row(example) for example in examples]
        for examples in (training_set.train, training_set.validation)
    ]
    unlabeled = [one.glitch_id for one in training_set.unlabeled]
    return hash_of(sorted(settings.items()), training_set.classes, *parts, unlabeled)


def _row(example: Example) -> tuple[object, ...]:
    held = sorted((example.posterior or {}).items())
    return example.pictures.glitch_id, example.label, float(example.weight), held


def load_beginning(checkpoints: Checkpoints) -> Beginning | None:
    """What the checkpoints of a folder go by; None where there are none, or where it was spoiled.

    Raises CheckpointMismatch where they belong to another training.
    """
    path = checkpoints.folder / BEGINNING
    if not checkpoints.are_there() or not path.exists():
        return None
    try:
        kept = json.loads(path.read_text())
        found = Beginning(
            kept["fingerprint"],
            tuple((glitch, label, weight) for glitch, label, weight in kept["pseudo"]),
            tuple(Skipped(**one) for one in kept["skipped"]),
            kept["contents"],
        )
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("%s is damaged (%r): pictures are chosen anew", path, error)
        return None
    checkpoints.check_ours(found.fingerprint)
    return found


def settle(
    training_set: TrainingSet,
    settings: TrainingSettings,
    checkpoints: Checkpoints,
    world: World,
    read: Callable[[TrainingSet], Read],
    label: Callable[[Sequence[Example], Sequence[GlitchPictures]], list[Example]],
) -> tuple[Read, list[str]]:
    """Read what all processes train on, as the first attempt settled it, or settle it now; notes.

    ``label``: what unlabeled glitches seem to be. The first process asks it, and looks into the
    folder, for all. Raises CheckpointMismatch, and what ``read`` and ``label`` raise.
    """
    before = world.everyones(load_beginning(checkpoints) if world.is_first else None)[0]
    unlabeled = training_set.unlabeled[: settings.unlabeled]
    given = before.pseudo if before else ()
    if unlabeled and before is None:
        with part(0, 1, of=3):
            guessed = label(training_set.train, unlabeled) if world.is_first else []
        given = world.everyones(_given(training_set, guessed))[0]
    skipped = before.skipped if before else ()
    with part(1, 3, of=3):
        found = _read_alike(read, _with_labels(training_set, given), world, skipped)
    notes = _notes_on(found, before) if before else []
    if before is None and world.is_first:
        now = Beginning(checkpoints.fingerprint, given, found.skipped, found.contents)
        now.write(checkpoints.folder)
    world.wait_for_all()  # before anybody clears away what is half written
    if unlabeled:
        learned = f"Learned from {len(given)} of {len(unlabeled)} unlabeled glitches besides."
        notes.insert(0, learned)
    return found, notes


def _given(training_set: TrainingSet, found: Sequence[Example]) -> tuple[Given, ...]:
    """Without those that are validated or tested on."""
    judged = {one.pictures.glitch_id for one in (*training_set.validation, *training_set.test)}
    given = ((one.pictures.glitch_id, one.label, one.weight) for one in found)
    return tuple(one for one in given if one[0] not in judged)


def _with_labels(training_set: TrainingSet, given: Sequence[Given]) -> TrainingSet:
    """The set with unlabeled glitches by the labels ``given`` to them."""
    pool = {one.glitch_id: one for one in training_set.unlabeled}
    found = [Example(pool[key], label, weight, is_guess=True) for key, label, weight in given]
    return replace(training_set, train=[*training_set.train, *found])


def _read_alike(
    read: Callable[[TrainingSet], Read],
    training_set: TrainingSet,
    world: World,
    left_out: Sequence[Skipped] = (),
) -> Read:
    """What every process can ``read``, so that all learn from the same; without ``left_out``."""
    skipped = {one.glitch_id: one for one in left_out}
    while True:
        found = read(training_set.without(skipped))
        everyones = world.everyones(found.skipped)
        skipped |= {one.glitch_id: one for part in everyones for one in part}
        names = [{one.glitch_id for one in part} for part in everyones]
        if all(part == names[0] for part in names):
            return replace(found, skipped=tuple(skipped.values()))


def _notes_on(read: Read, before: Beginning) -> list[str]:
    """What is not as it was when the training began.

    Raises CheckpointMismatch where a glitch has other pictures than then.
    """
    then = before.contents
    others = [key for key, content in read.contents.items() if then.get(key, content) != content]
    if others:
        raise CheckpointMismatch(
            f"The pictures of {len(others)} of its glitches ({', '.join(others[:3])}) are not "
            "those that this training began with; give it a folder of its own.",
            why="the pictures of some of its glitches were exchanged",
        )
    gone = [one for one in read.skipped if one.glitch_id in then]
    if not gone:
        return []
    glitches = "1 glitch" if len(gone) == 1 else f"{len(gone)} glitches"
    return [
        f"{glitches} that it began with could not be read when it went on, and from there it "
        f"learned without: {gone[0].reason}"
    ]
