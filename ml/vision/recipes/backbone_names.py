"""Which backbones there are, by name, without loading torch.

The names of torchvision and timm lie beside this file, timm's as "timm:NAME", as they were at the
release; ``python -m scripts.backbone_names`` writes them anew.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from ml.vision.errors import UnknownBackbone

DEFAULT_BACKBONE = "efficientnet-lite0"
MERGED_VIEW = "merged-view"  # from scratch: nobody has trained it on ImageNet
TIMM_PREFIX = "timm:"
LIST = Path(__file__).with_suffix(".txt")


@cache
def library_names() -> frozenset[str]:
    return frozenset(LIST.read_text().split())


def check_backbone(name: str) -> None:
    """Raise :class:`UnknownBackbone` naming the near ones."""
    # timm's weights of one network differ by a tag behind a dot.
    of_timm = TIMM_PREFIX + name.removeprefix(TIMM_PREFIX).partition(".")[0]
    if name not in {DEFAULT_BACKBONE, MERGED_VIEW} and not {name, of_timm} & library_names():
        raise unknown_backbone(name)


def unknown_backbone(name: str) -> UnknownBackbone:
    plain = {one.removeprefix(TIMM_PREFIX) for one in library_names()}
    known = sorted({DEFAULT_BACKBONE, MERGED_VIEW} | plain)
    near = difflib.get_close_matches(name.removeprefix(TIMM_PREFIX), known, n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else "."
    return UnknownBackbone(
        f"There is no backbone {name!r} in {DEFAULT_BACKBONE}, torchvision or timm{hint}",
        name=name,
    )
