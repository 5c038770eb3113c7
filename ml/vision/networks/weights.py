"""Where ImageNet weights lie, asked without loading a network; and what to do without them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ml.vision.errors import MissingWeights
from ml.vision.recipes.backbone_names import DEFAULT_BACKBONE, MERGED_VIEW, TIMM_PREFIX
from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import ALL, TrainingSettings

SUFFIXES = (".pth", ".pt", ".safetensors")
NEED_NONE = (DEFAULT_BACKBONE, MERGED_VIEW)  # in a package; from scratch
HUB_SECONDS = 10.0


def weights_folder() -> Path | None:
    """The folder that the environment's ``NOTA_WEIGHTS`` names."""
    return Path(os.environ["NOTA_WEIGHTS"]) if os.environ.get("NOTA_WEIGHTS") else None


def weights_file(name: str, folder: Path | None = None) -> Path | None:
    """The file of weights of backbone ``name`` in ``folder``, if it is there."""
    folder = folder or weights_folder()
    name = name.removeprefix(TIMM_PREFIX)
    candidates = [folder / f"{name}{suffix}" for suffix in SUFFIXES] if folder else []
    return next((path for path in candidates if path.exists()), None)


def missing_weights(recipe: Recipe) -> str:
    """The file that the recipe's weights would be read from and that is not there; else ""."""
    settings = recipe.settings
    needs_none = recipe.is_ensemble or settings.weights == "random"
    if needs_none or settings.backbone in NEED_NONE or weights_file(settings.backbone):
        return ""
    return f"{settings.backbone.removeprefix(TIMM_PREFIX)}.pth"


def where_to_put(name: str) -> str:
    """One sentence for people."""
    file = f"{name.removeprefix(TIMM_PREFIX)}.pth"
    return (
        f"Put {file} into the folder that NOTA_WEIGHTS names (now: {weights_folder() or 'unset'})"
    )


@contextmanager
def impatient_with_hubs() -> Iterator[None]:
    """Within the block a download fails where nothing comes for ``HUB_SECONDS``.

    torch.hub sets no limit, so that behind a firewall that drops packets it would wait for minutes
    or for ever. Python's own limit for new sockets is for the whole process, and is set back.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(HUB_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def start_at_random(settings: TrainingSettings) -> TrainingSettings:
    """The same with random weights: then every layer and every batch norm has to learn.

    Raises MissingWeights where nothing would learn.
    """
    if settings.trainable_blocks == 0 or not settings.epochs:
        raise MissingWeights(
            "Random features that nothing trains make no baseline. "
            f"{where_to_put(settings.backbone)}, or name another backbone.",
            name=settings.backbone,
        )
    return replace(
        settings, weights="random", trainable_blocks=ALL, train_norms=True, probe_strength=0.0
    )
