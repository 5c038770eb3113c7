"""The average of several model versions, in one file and with one temperature."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.vision.confidence.calibrate import fit_temperature, reported
from ml.vision.errors import NoMembers, NoUsableDuration
from ml.vision.inputs.dataset import Example, Skipped, TrainingSet
from ml.vision.judging.judged import align_columns
from ml.vision.networks.model_file import ModelFile
from ml.vision.prediction.classifier import Classifier, Scores
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.store import hash_of
from ml.vision.training.train import WEIGHTS_NAME, TrainedModel

Floats = npt.NDArray[np.floating]
CLIP = 1e-6
NOT_CALIBRATED = "No validation glitch was left that no member has learned from: temperature 1."


def average(
    probabilities: Sequence[Floats],
    lists: Sequence[Sequence[str]],
    classes: Sequence[str],
    read: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.float64]:
    """Probabilities (n, C_m) of members over their class ``lists`` -> (n, C) over ``classes``.

    What a member does not know it leaves to those that do: it takes their mean for such a class,
    and keeps its own opinion on how the rest is dealt out. A class that nobody knows gets 0.
    ``read`` (m, n): which member could read which glitch, by default each; what it says of the
    others counts for nothing. Each glitch needs one that could.
    """
    knows = np.array([[label in labels for label in classes] for labels in lists])  # (m, C)
    read = np.ones((len(lists), len(probabilities[0])), bool) if read is None else read
    asked = read[:, :, None] & knows[:, None]  # (m, n, C)
    said = np.stack(
        [align_columns(p, labels, classes) for p, labels in zip(probabilities, lists, strict=True)]
    )
    said = np.where(asked, said, 0.0)  # (m, n, C)
    said /= np.maximum(said.sum(axis=2, keepdims=True), CLIP)  # without classes no longer asked for
    of_those_who_know = said.sum(axis=0) / np.maximum(asked.sum(axis=0), 1)  # (n, C)
    taken = np.where(asked, 0.0, of_those_who_know)  # (m, n, C)
    opinions = said * (1 - taken.sum(axis=2, keepdims=True)) + taken
    total = np.where(read[:, :, None], opinions, 0.0).sum(axis=0)  # (n, C)
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def logits_of(probabilities: Floats) -> npt.NDArray[np.float64]:
    """(n, C) -> logits whose softmax they are."""
    return np.asarray(np.log(np.clip(probabilities, CLIP, 1.0)))


def _spread(table: Floats, rows: npt.NDArray[np.intp], count: int) -> Floats:
    """(m, ...) -> (count, ...) with them in ``rows``, NaN elsewhere."""
    whole = np.full((count, *table.shape[1:]), np.nan, table.dtype)
    whole[rows] = table
    return whole


class Ensemble(Classifier):
    """A classifier whose say is the average of its members'.

    The pictures are read once for all members, which may be ensembles themselves. A glitch of which
    some of them see no duration is for the others to say, those that know a class of the
    ensemble's. What none sees is skipped, and what has a picture that cannot be read. Averaged is
    what they say by temperature alone; the mean of their novelty evens it out once, so that no
    temperature takes doubt back. ``features`` are the members' side by side, NaN where one could
    not read the glitch.
    """

    def __init__(self, model: ModelFile, members: Sequence[Classifier]) -> None:
        self.classes = model.classes
        self.settings = model.settings
        self.temperature = model.temperature
        self.members = list(members)

    def singles(self) -> list[Classifier]:
        return [one for member in self.members for one in member.singles()]

    def joined(self, asked: Sequence[str], scores: Iterator[Scores]) -> Scores:
        return self._average(asked, [member.joined(asked, scores) for member in self.members])

    def _average(self, asked: Sequence[str], scores: Sequence[Scores]) -> Scores:
        """What the members say of one chunk, as one."""
        lefts = [left for one in scores for left in one.skipped]
        damaged = {left.glitch_id: left for left in lefts if left.code != NoUsableDuration.code}
        skipped = {left.glitch_id: left for left in lefts} | damaged
        able = [
            one
            for one, member in zip(scores, self.members, strict=True)
            if not set(self.classes).isdisjoint(member.classes)
        ]
        said_of = {key for one in able for key in one.glitch_ids} - damaged.keys()
        ids = [key for key in asked if key in said_of]
        rows = [{key: row for row, key in enumerate(one.glitch_ids)} for one in scores]
        read = np.array([[key in mine for key in ids] for mine in rows], bool)  # (m, n)

        def spread(tables: Sequence[Floats]) -> list[Floats]:
            """(n_m, ...) of the glitches that each member read -> (n, ...) of all."""
            return [
                _spread(table[[mine[key] for key in ids if key in mine]], places, len(ids))
                for table, mine, places in zip(tables, rows, map(np.flatnonzero, read), strict=True)
            ]

        said = spread([one.undoubted for one in scores])
        mean = average(said, [member.classes for member in self.members], self.classes, read)
        logits = logits_of(mean)
        each = np.stack(spread([one.novelty for one in scores]))  # (m, n)
        novelty = np.asarray(np.mean(each, axis=0, where=read), np.float32)
        return Scores(
            ids,
            reported(logits, self.temperature, novelty).astype(np.float32),
            reported(logits, self.temperature).astype(np.float32),
            np.concatenate(spread([one.features for one in scores]), axis=1),
            novelty,
            tuple(left for key, left in skipped.items() if key not in said_of),
        )

    @property
    def feature_size(self) -> int:
        return sum(member.feature_size for member in self.members)


def make_ensemble(
    members: Sequence[Path],
    training_set: TrainingSet,
    settings: TrainingSettings,
    folder: Path,
    cache: Path,
    device: str = "auto",
) -> TrainedModel:
    """Put model versions' files into one, and calibrate their average on validation.

    Its class list is the training set's, whose validation must hold nothing that a member has
    learned from. Raises NoMembers for fewer than two, MissingWeights,
    DamagedWeights.
    """
    started = time.monotonic()
    if len(members) < 2:
        raise NoMembers("An ensemble needs at least two model versions.")
    files = tuple(ModelFile.read(path) for path in members)
    classes = training_set.classes
    whole = ModelFile(settings, classes, 1.0, {}, {}, files)
    ensemble = Ensemble(whole, [Classifier.from_file(file, device) for file in files])
    temperature, skipped = _fit(ensemble, training_set.validation, cache)
    whole = ModelFile(settings, classes, temperature, {}, {}, files)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS_NAME
    return TrainedModel(
        weights=path,
        sha256=whole.write(path),
        classes=classes,
        history=[],
        best_epoch=0,
        temperature=temperature,
        seconds=time.monotonic() - started,
        data_hash=hash_of([hashlib.sha256(path.read_bytes()).hexdigest() for path in members]),
        skipped=skipped,
        notes=() if training_set.validation else (NOT_CALIBRATED,),
    )


def _fit(
    ensemble: Ensemble, examples: Sequence[Example], cache: Path
) -> tuple[float, tuple[Skipped, ...]]:
    if not examples:
        return 1.0, ()
    scores = ensemble.score([example.pictures for example in examples], cache)
    labels = {example.pictures.glitch_id: example.label for example in examples}
    truth = np.array([ensemble.classes.index(labels[key]) for key in scores.glitch_ids], int)
    temperature = fit_temperature(logits_of(scores.undoubted), truth, scores.novelty)
    return temperature, scores.skipped
