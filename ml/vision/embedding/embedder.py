"""An embedding with the network below it, as one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.vision.embedding.embed import Embedding, from_content
from ml.vision.embedding.frozen import embedding_inputs
from ml.vision.errors import OldEmbedding
from ml.vision.inputs.dataset import GlitchPictures, Skipped
from ml.vision.networks.network import GlitchNetwork, build_network
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.packed import pack, unpack, write_or_say

LAYOUT = 2  # 1 held the embedding alone: whoever used it had to guess views and network


@dataclass(frozen=True)
class Embedder:
    """From pictures to the vectors that ``embedding`` makes of what ``network`` sees in them.

    A vector compares with none but those of the same network and views, so both are kept with it,
    and no weights are looked for where it is used.
    """

    network: GlitchNetwork
    embedding: Embedding

    def embed(
        self, glitches: Sequence[GlitchPictures], cache: Path, device: str = "auto"
    ) -> tuple[npt.NDArray[np.float32], tuple[Skipped, ...]]:
        """Vectors (n, 200) of the glitches that could be read, in the order asked; the others."""
        inputs = embedding_inputs(glitches, self.network, cache, device)
        return self.embedding.transform(inputs.rows), inputs.skipped

    def write(self, path: Path) -> None:
        """Write atomically, for :meth:`read`; raises DiskFull."""
        content = {
            "layout": LAYOUT,
            "settings": self.network.settings.to_dict(),
            "network": self.network.state_dict(),
            "embedding": self.embedding.content(),
        }
        write_or_say(path, pack(content))

    @classmethod
    def read(cls, path: Path) -> Embedder:
        """Raises OldEmbedding for a file that says no network, DamagedWeights for one that is not
        sound, OSError if there is none."""
        content = unpack(path.read_bytes(), path)
        if content.get("layout") != LAYOUT:
            raise OldEmbedding(
                f"{path} was made before embeddings kept the network that they were fitted on; "
                "the next search for new classes makes one that does.",
                path=str(path),
            )
        settings = TrainingSettings.from_dict(content["settings"])
        network = build_network(settings, classes=2, pretrained=False)
        network.load_state_dict(content["network"])
        return cls(network, from_content(content["embedding"]))
