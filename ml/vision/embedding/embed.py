"""Embeddings in which the unknown is to be clustered; all give 200 numbers a glitch.

- DIRECT (Bahaadini et al. 2018): two dense layers trained with a contrastive loss on the known
  classes, here on frozen features instead of VGG16's convolutions.
- frozen features, reduced to 200 by PCA.
- whitened: frozen features on axes along which glitches of one known class differ little.
- PCA with 50 components of the pixels.
- joined: whitened features and pixels side by side.

Every embedding is unit length (or zero), so that Euclidean and cosine neighbours agree in the
database's vector index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.vision.embedding.direct import DirectEmbedding, direct_layers
from ml.vision.embedding.linear import Floats, LinearEmbedding, pad
from ml.vision.errors import OtherColumns


@dataclass(frozen=True)
class Part:
    """The first ``dims`` numbers that ``embedding`` makes of the input columns start to stop."""

    start: int
    stop: int
    dims: int
    embedding: LinearEmbedding | DirectEmbedding


@dataclass(frozen=True)
class JoinedEmbedding:
    """Embeddings of parts of the input side by side, each of the same weight; 200 in all.

    ``columns``: D of the input, of which a part takes some.
    """

    parts: tuple[Part, ...]
    columns: int

    def transform(self, inputs: Floats) -> npt.NDArray[np.float32]:
        """(n, D) -> (n, 200) of unit length; raises OtherColumns where it was fitted on another D.

        A slice of what is too wide would fit, and mean nothing.
        """
        if inputs.shape[1] != self.columns:
            raise OtherColumns(
                f"The embedding was fitted on {self.columns} columns and is given "
                f"{inputs.shape[1]}: they are of another network or of other durations.",
                columns=self.columns,
            )
        blocks = [
            part.embedding.transform(inputs[:, part.start : part.stop])[:, : part.dims]
            for part in self.parts
        ]
        return pad(np.concatenate(blocks, axis=1))

    def content(self) -> dict[str, Any]:
        """Tensors and plain values, as :func:`from_content` reads them."""
        parts = [
            {"columns": [part.start, part.stop, part.dims], "embedding": part.embedding.content()}
            for part in self.parts
        ]
        return {"kind": "joined", "parts": parts, "columns": self.columns}


Embedding = LinearEmbedding | DirectEmbedding | JoinedEmbedding


def from_content(content: dict[str, Any]) -> Embedding:
    """The reverse of ``content()`` of each kind."""
    if content["kind"] == "joined":
        parts = []
        for part in content["parts"]:
            inner = from_content(part["embedding"])
            if not isinstance(inner, JoinedEmbedding):
                start, stop, dims = part["columns"]
                parts.append(Part(start, stop, dims, inner))
        return JoinedEmbedding(tuple(parts), content["columns"])
    if content["kind"] == "linear":
        return LinearEmbedding(
            content["centre"].numpy(), content["axes"].numpy(), bool(content["roots"])
        )
    layers = direct_layers(len(content["axes"]))
    layers.load_state_dict(content["layers"])
    return DirectEmbedding(content["mean"], content["spread"], content["axes"], layers)
