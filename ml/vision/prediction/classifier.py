"""A model version in use: probabilities, features and novelty of any glitches."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, compress, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.vision.confidence.calibrate import reported
from ml.vision.confidence.novelty import NoveltyMeasure, Sketches
from ml.vision.confidence.older_novelty import FeatureNovelty
from ml.vision.devices import pick_device
from ml.vision.errors import DamagedWeights, UnreadablePictures
from ml.vision.inputs.activations import InputMaker, Inputs, make_inputs_for
from ml.vision.inputs.dataset import GlitchPictures, Skipped
from ml.vision.inputs.pieces import JointReader, PieceReader, Read
from ml.vision.inputs.pipeline import open_pipeline
from ml.vision.inputs.views import FULL
from ml.vision.logits import Predicted, predict_logits
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import GlitchNetwork, build_network
from ml.wanted import check_wanted, tell

CHUNK = 128  # glitches at a time
CHUNKS_AHEAD = 3  # one being read, one in the network, one being written

Part = tuple[Inputs, Predicted | None]  # what was read of a part of a chunk, and what comes of it
Parts = list[Part]  # the same of each network


@dataclass(frozen=True)
class Scores:
    """What a model version says of the n glitches that could be read, in the order asked.

    ``probabilities`` (n, C): calibrated by temperature, then evened out where ``novelty`` is high
    (:func:`ml.vision.confidence.novelty.spread_doubt`), rows sum to 1; ``undoubted`` (n, C): the
    same by temperature alone; ``features`` (n, D) before the classifier; ``novelty`` (n,): above 1
    for what looks less like its most probable class than 95 % of the glitches of that class do.
    ``skipped`` lists the others.
    """

    glitch_ids: list[str]
    probabilities: npt.NDArray[np.float32]
    undoubted: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]
    novelty: npt.NDArray[np.float32]
    skipped: tuple[Skipped, ...]


class Classifier:
    """Loaded weights; ``classes`` are the columns of the probabilities."""

    def __init__(self, model: ModelFile, network: GlitchNetwork, device: str = "auto") -> None:
        self.classes = model.classes
        self.settings = model.settings
        self.temperature = model.temperature
        self._network = network.to(pick_device(device))
        self._device = device
        arrays = {name: tensor.numpy() for name, tensor in model.novelty.items()}
        self._novelty = (
            NoveltyMeasure.from_arrays(arrays)
            if "sketches" in arrays
            else FeatureNovelty.from_arrays(arrays)
        )

    @classmethod
    def load(cls, path: Path, device: str = "auto") -> Classifier:
        """One network's file or an ensemble's; raises MissingWeights, DamagedWeights."""
        return cls.from_file(ModelFile.read(path), device, path)

    @classmethod
    def from_file(
        cls, model: ModelFile, device: str = "auto", path: Path = Path("the file")
    ) -> Classifier:
        """From what was read; ``path`` is for the message of DamagedWeights."""
        if model.members:
            from ml.vision.prediction.ensemble import Ensemble  # which is itself a classifier

            return Ensemble(model, [cls.from_file(one, device, path) for one in model.members])
        network = build_network(model.settings, len(model.classes), pretrained=False)
        try:
            network.load_state_dict(network.state_of_file(model.network))
        except RuntimeError as error:
            raise DamagedWeights(
                f"{path} does not fit the network {model.settings.backbone!r} it names.",
                path=str(path),
            ) from error
        return cls(model, network, device)

    @property
    def feature_size(self) -> int:
        """D of :attr:`Scores.features`."""
        return self._network.classifier.in_features

    def score(self, glitches: Sequence[GlitchPictures], cache: Path) -> Scores:
        """Probabilities, features and novelty; unreadable glitches are listed, not raised."""
        chunks = [glitches[start : start + CHUNK] for start in range(0, len(glitches), CHUNK)]
        found = [self._nothing()]
        for done, scores in enumerate(self.stream(chunks, cache), start=1):
            found.append(scores)
            tell("predicted", min(done * CHUNK, len(glitches)), len(glitches))
        return Scores(
            [key for scores in found for key in scores.glitch_ids],
            np.concatenate([scores.probabilities for scores in found]),
            np.concatenate([scores.undoubted for scores in found]),
            np.concatenate([scores.features for scores in found]),
            np.concatenate([scores.novelty for scores in found]),
            tuple(left for scores in found for left in scores.skipped),
        )

    def stream(
        self, chunks: Iterable[Sequence[GlitchPictures]], cache: Path
    ) -> Generator[Scores, None, None]:
        """The scores of each chunk in turn; at most three chunks are in memory.

        Readers decode, threads run the networks, and the caller's own thread fetches the next chunk
        and does what it likes with the scores meanwhile: write them to a database.
        """
        makers = [one._inputs(cache) for one in self.singles()]
        read = JointReader(tuple(maker.read for maker in makers))
        compute = partial(self._score_part, makers)
        left = iter(chunks)
        first = list(islice(left, 1))
        ahead: deque[tuple[Sequence[GlitchPictures], list[Future[Parts]]]] = deque()
        with open_pipeline(makers[0].device, max(map(len, first), default=0)) as line:
            for chunk in chain(first, left):
                check_wanted()
                ahead.append((chunk, line.submit(read, chunk, compute)))
                if len(ahead) == CHUNKS_AHEAD:
                    yield self._score_chunk(*ahead.popleft())
            while ahead:
                yield self._score_chunk(*ahead.popleft())

    def singles(self) -> list[Classifier]:
        """The classifiers of one network each of which this one is made: itself."""
        return [self]

    def joined(self, asked: Sequence[str], scores: Iterator[Scores]) -> Scores:
        """What this one says of the glitches ``asked``, by the ``scores`` of each of
        :meth:`singles` in order.
        """
        return next(scores)

    def _inputs(self, cache: Path) -> InputMaker:
        return make_inputs_for(self._network, self.settings, cache, self._device, full_only=True)

    def _score_part(
        self, makers: Sequence[InputMaker], pieces: Sequence[tuple[Read, ...]]
    ) -> Parts:
        """Each network on its own share of what was read; equal inputs are made once."""
        made: dict[PieceReader, Inputs] = {}
        found = []
        for one, maker, mine in zip(self.singles(), makers, zip(*pieces, strict=True), strict=True):
            if maker.read not in made:
                made[maker.read] = maker.make_from(mine)
            found.append((made[maker.read], one._predict(maker, made[maker.read])))
        return found

    def _predict(self, maker: InputMaker, inputs: Inputs) -> Predicted | None:
        if not inputs.arrays:
            return None
        return predict_logits(self._network, maker, inputs.arrays, FULL)

    def _score_chunk(
        self, chunk: Sequence[GlitchPictures], parts: Sequence[Future[Parts]]
    ) -> Scores:
        found = []
        for part in parts:
            check_wanted()
            found.append(part.result())
        each = [
            one._scores_of(chunk, [row[number] for row in found])
            for number, one in enumerate(self.singles())
        ]
        return self.joined([pictures.glitch_id for pictures in chunk], iter(each))

    def _scores_of(self, chunk: Sequence[GlitchPictures], found: Parts) -> Scores:
        skipped = tuple(left for inputs, _ in found for left in inputs.skipped)
        predicted = [each for _, each in found if each is not None]
        if not predicted:
            return replace(self._nothing(), skipped=skipped)
        logits, features = (np.concatenate(tables) for tables in zip(*predicted, strict=True))
        sketches = np.stack([sketch for inputs, _ in found for sketch in inputs.sketches])
        ids = [chunk[index].glitch_id for inputs, _ in found for index in inputs.kept]
        # Where a layer overflows on one picture: it would stop all glitches behind it.
        sound = np.isfinite(logits).all(axis=1)
        skipped += tuple(map(_no_number, compress(ids, ~sound)))
        if not sound.any():
            return replace(self._nothing(), skipped=skipped)
        ids = list(compress(ids, sound))
        logits, features, sketches = (table[sound] for table in (logits, features, sketches))
        novelty = self._novelty_of(sketches, logits, features)
        probabilities = reported(logits, self.temperature, novelty).astype(np.float32)
        undoubted = reported(logits, self.temperature).astype(np.float32)
        return Scores(ids, probabilities, undoubted, features, novelty, skipped)

    def _novelty_of(
        self,
        sketches: Sketches,
        logits: npt.NDArray[np.floating],
        features: npt.NDArray[np.floating],
    ) -> npt.NDArray[np.float32]:
        if isinstance(self._novelty, FeatureNovelty):
            return self._novelty.measure(features)
        return self._novelty.measure(sketches, logits.argmax(axis=1))

    def _nothing(self) -> Scores:
        """The scores of no glitch."""
        classes, size = len(self.classes), self.feature_size
        tables = [np.zeros((0, columns), np.float32) for columns in (classes, size)]
        return Scores([], tables[0], tables[0], tables[1], np.zeros(0, np.float32), ())

    def predict(self, glitches: Sequence[GlitchPictures], cache: Path) -> npt.NDArray[np.float32]:
        """Calibrated probabilities (n, C); raises UnreadablePictures if any cannot be read."""
        return self._all_readable(glitches, cache).probabilities

    def features(self, glitches: Sequence[GlitchPictures], cache: Path) -> npt.NDArray[np.float32]:
        """Features (n, D); raises UnreadablePictures if any cannot be read."""
        return self._all_readable(glitches, cache).features

    @property
    def network(self) -> GlitchNetwork:
        """For looking inside; its weights are not to be changed."""
        return self._network

    def _all_readable(self, glitches: Sequence[GlitchPictures], cache: Path) -> Scores:
        scores = self.score(glitches, cache)
        if scores.skipped:
            first = scores.skipped[0]
            raise UnreadablePictures(
                f"{len(scores.skipped)} of {len(glitches)} glitches have pictures that cannot be "
                f"read, {first.glitch_id} first: {first.reason}",
                skipped=[vars(glitch) for glitch in scores.skipped],
            )
        return scores


def _no_number(glitch_id: str) -> Skipped:
    reason = f"What the network makes of the pictures of glitch {glitch_id} is not a number."
    return Skipped(glitch_id, "not_a_number", reason)
