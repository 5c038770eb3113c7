"""``python -m scripts.backbone_names``: write the names of backbones that requests are checked by.

After another torchvision or timm was pinned; a test says so.
"""

from __future__ import annotations

from ml.vision.backbone_names import LIST
from ml.vision.families import names_in_libraries


def main() -> None:
    LIST.write_text("".join(f"{name}\n" for name in names_in_libraries()))


if __name__ == "__main__":
    main()
