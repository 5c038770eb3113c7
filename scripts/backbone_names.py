"""``python -m scripts.backbone_names``: write the names of backbones that requests are checked by.

After another torchvision or timm was pinned; a test says so.
"""

from __future__ import annotations

from ml.vision.networks.families import names_in_libraries
from ml.vision.recipes.backbone_names import LIST


def main() -> None:
    LIST.write_text("".join(f"{name}\n" for name in names_in_libraries()))


if __name__ == "__main__":
    main()
