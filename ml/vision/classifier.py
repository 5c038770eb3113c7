"""A model version in use: probabilities, features and novelty of any glitches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.vision.calibrate import softmax
from ml.vision.dataset import GlitchPictures, Skipped
from ml.vision.devices import pick_device
from ml.vision.errors import DamagedWeights, UnreadablePictures
from ml.vision.fit import predict_logits
from ml.vision.model_file import ModelFile
from ml.vision.network import GlitchNetwork, build_network
from ml.vision.novelty import NoveltyMeasure, spread_doubt
from ml.vision.train import make_inputs_for
from ml.vision.views import FULL

CHUNK = 256  # glitches in memory at once


@dataclass(frozen=True)
class Scores:
    """What a model version says of the n glitches that could be read, in the order asked.

    ``probabilities`` (n, C): calibrated by temperature, then evened out where ``novelty`` is high
    (:func:`ml.vision.novelty.spread_doubt`), rows sum to 1; ``features`` (n, D) before the
    classifier; ``novelty`` (n,): 0 at a class mean, above 1 for what lies further out than 95 % of
    the known glitches. ``skipped`` lists the others.
    """

    glitch_ids: list[str]
    probabilities: npt.NDArray[np.float32]
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
        self._novelty = NoveltyMeasure.from_arrays(
            {name: tensor.numpy() for name, tensor in model.novelty.items()}
        )

    @classmethod
    def load(cls, path: Path, device: str = "auto") -> Classifier:
        """Raises MissingWeights, DamagedWeights."""
        model = ModelFile.read(path)
        network = build_network(model.settings, len(model.classes), pretrained=False)
        try:
            network.load_state_dict(model.network)
        except RuntimeError as error:
            raise DamagedWeights(
                f"{path} does not fit the network {model.settings.backbone!r} it names.",
                path=str(path),
            ) from error
        return cls(model, network, device)

    def score(
        self,
        glitches: Sequence[GlitchPictures],
        cache: Path,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Scores:
        """Probabilities, features and novelty; unreadable glitches are listed, not raised.

        ``on_progress(done, of)`` is called after each chunk.
        """
        maker = make_inputs_for(self._network, self.settings, cache, self._device)
        size = self._network.classifier.in_features
        ids: list[str] = []
        skipped: list[Skipped] = []
        logits = [np.zeros((0, len(self.classes)), np.float32)]
        features = [np.zeros((0, size), np.float32)]
        for start in range(0, len(glitches), CHUNK):
            chunk = glitches[start : start + CHUNK]
            inputs = maker.make(chunk)
            skipped.extend(inputs.skipped)
            if inputs.arrays:
                found = predict_logits(self._network, maker, inputs.arrays, FULL)
                logits.append(found[0])
                features.append(found[1])
                ids.extend(chunk[index].glitch_id for index in inputs.kept)
            if on_progress:
                on_progress(min(start + CHUNK, len(glitches)), len(glitches))
        every = np.concatenate(features)
        novelty = self.novelty(every)
        calibrated = softmax(np.concatenate(logits) / self.temperature)
        probabilities = spread_doubt(calibrated, novelty).astype(np.float32)
        return Scores(ids, probabilities, every, novelty, tuple(skipped))

    def predict(self, glitches: Sequence[GlitchPictures], cache: Path) -> npt.NDArray[np.float32]:
        """Calibrated probabilities (n, C); raises UnreadablePictures if any cannot be read."""
        return self._all_readable(glitches, cache).probabilities

    def features(self, glitches: Sequence[GlitchPictures], cache: Path) -> npt.NDArray[np.float32]:
        """Features (n, D); raises UnreadablePictures if any cannot be read."""
        return self._all_readable(glitches, cache).features

    def novelty(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """(n, D) features of this model version -> (n,), see :class:`Scores`."""
        return self._novelty.measure(features)

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
