"""A model version's file: all that is needed to classify, and nothing that runs code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ml.vision.errors import BadSettings, DamagedWeights, MissingWeights
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.packed import pack, unpack, write_or_say

LAYOUT = 1


@dataclass(frozen=True)
class ModelFile:
    """``novelty``: the tensors of :class:`ml.vision.confidence.novelty.NoveltyMeasure`, or in older
    files those of :class:`ml.vision.confidence.older_novelty.FeatureNovelty`.

    An ensemble has no network of its own but ``members``.
    """

    settings: TrainingSettings
    classes: tuple[str, ...]
    temperature: float
    network: dict[str, Tensor]
    novelty: dict[str, Tensor]
    members: tuple[ModelFile, ...] = ()

    def write(self, path: Path) -> str:
        """Write atomically; returns the file's SHA-256 (hex)."""
        data = pack(self._content())
        write_or_say(path, data)
        return hashlib.sha256(data).hexdigest()

    def _content(self) -> dict[str, Any]:
        return {
            "layout": LAYOUT,
            "settings": self.settings.to_dict(),
            "classes": [str(label) for label in self.classes],  # np.str_ would not load again
            "temperature": self.temperature,
            "network": self.network,
            "novelty": self.novelty,
            "members": [member._content() for member in self.members],
        }

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Raises MissingWeights if there is no such file, DamagedWeights if it is not sound."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise MissingWeights(
                f"The file of weights {path} cannot be read ({error.strerror}); restore it, or "
                "train a new model version.",
                path=str(path),
            ) from error
        return cls._from_content(unpack(data, path), path)

    @classmethod
    def _from_content(cls, content: dict[str, Any], path: Path) -> ModelFile:
        if content.get("layout") != LAYOUT:
            raise DamagedWeights(
                f"{path} has layout {content.get('layout')!r}; this program reads {LAYOUT}.",
                path=str(path),
            )
        try:
            settings = TrainingSettings.from_dict(content["settings"])
        except BadSettings as error:
            raise DamagedWeights(
                f"{path} holds unknown settings: {error}", path=str(path)
            ) from error
        return cls(
            settings,
            tuple(content["classes"]),
            float(content["temperature"]),
            content["network"],
            content["novelty"],
            tuple(cls._from_content(member, path) for member in content.get("members", [])),
        )
