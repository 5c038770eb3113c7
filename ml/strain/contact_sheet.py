"""Contact sheets: simulated pictures by class, optionally beside real ones, to compare by eye."""

from pathlib import Path

from PIL import Image, ImageDraw

from ml.axes import crop_axes

TILE = (200, 167)  # pixels, width and height
GAP = 4
_SUFFIXES = (".png", ".jpg", ".jpeg")


def contact_sheet(
    simulated: Path, real: Path | None = None, *, duration: float = 1.0, columns: int = 6
) -> Image.Image:
    """A row a class: up to ``columns`` simulated pictures of ``duration`` seconds, then real ones.

    ``simulated`` and ``real`` hold folders by class; ``real`` may instead hold one picture a class,
    named by it. Of real pictures without this duration any is taken.
    """
    labels = sorted(path.name for path in simulated.iterdir() if path.is_dir())
    rows = []
    for label in labels:
        found = _pictures(simulated, label, duration)[:columns]
        beside = _pictures(real, label, duration)[: max(columns // 3, 1)] if real else []
        rows.append((label, found, beside))
    wide = columns + (max(columns // 3, 1) if real else 0)
    sheet = Image.new("RGB", (wide * (TILE[0] + GAP), len(rows) * (TILE[1] + GAP)), "white")
    for number, (label, found, beside) in enumerate(rows):
        top = number * (TILE[1] + GAP)
        for column, path in [*enumerate(found), *enumerate(beside, start=columns)]:
            sheet.paste(_tile(path), (column * (TILE[0] + GAP), top))
        ImageDraw.Draw(sheet).text((5, top + 3), label, fill="white")
    return sheet


def _pictures(root: Path, label: str, duration: float) -> list[Path]:
    candidates = sorted((root / label).glob("*")) or sorted(root.glob(f"{label}.*"))
    pictures = [path for path in candidates if path.suffix.lower() in _SUFFIXES]
    return [path for path in pictures if path.stem.endswith(f"_{duration}")] or pictures


def _tile(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return crop_axes(image).convert("RGB").resize(TILE, Image.Resampling.LANCZOS)
