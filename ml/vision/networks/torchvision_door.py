"""The one way to torchvision and timm, also beside a CPU build of torch.

The torchvision wheel of the package index is compiled against CUDA. Beside a CPU torch its compiled
operators do not load, and its import fails because it registers shapes for two of them. Declaring
those two (without any implementation) lets models and transforms work; ``torchvision.io`` and
``torchvision.ops`` do not, which is why pictures are read with Pillow.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept_alive: list[torch.library.Library] = []  # the declarations vanish with the object


def import_torchvision() -> ModuleType:
    """``torchvision.models``, with the missing operators declared where that is needed."""
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}{_SIGNATURE}")
    _kept_alive.append(library)
    return importlib.import_module("torchvision.models")


def import_timm() -> ModuleType:
    """``timm``, which imports torchvision."""
    import_torchvision()
    return importlib.import_module("timm")
