"""Copies of a picture are known by their sketch, other pictures are not."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.axes import AXES_BOX
from ml.pictures import check_picture
from ml.sketch import BITS, COPY, sketch_of, tells_apart


def test_each_bit_says_whether_the_next_one_in_the_row_is_brighter() -> None:
    rising = np.tile(np.arange(17, dtype=np.uint8), (16, 1))
    rising[3] = rising[3, ::-1]
    sketch = sketch_of(Image.fromarray(rising).resize((170, 160), Image.Resampling.NEAREST))
    assert sketch == "1" * 48 + "0" * 16 + "1" * 192


@pytest.mark.parametrize(
    ("ones", "told"), [(0, False), (48, False), (49, True), (207, True), (208, False)]
)
def test_what_is_flat_is_no_copy_of_anything(ones: int, told: bool) -> None:
    assert tells_apart("1" * ones + "0" * (BITS - ones)) is told


def saved(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "saved anew": saved,
    "JPEG": lambda image: saved(image, "JPEG", quality=50),
    "smaller": lambda image: saved(image.resize((600, 450))),
    "inside of the axes": lambda image: saved(image.crop(AXES_BOX).resize((400, 333))),
    "grey": lambda image: saved(image.convert("L").resize((700, 525))),
}


def apart(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def test_real_pictures_are_known_again_and_told_apart() -> None:
    folder = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"
    paths = sorted(folder.rglob("*.png"))[::23]
    if not paths:
        pytest.skip(f"no real spectrograms in {folder} (NOTA_SHARED names their place)")
    sketches = [check_picture(path.read_bytes()).sketch for path in paths]
    for number, path in enumerate(paths):
        assert all(apart(sketches[number], other) > COPY for other in sketches[:number])
        with Image.open(path) as image:
            original = image.convert("RGB")
        for what, copy in COPIES.items():
            distance = apart(check_picture(copy(original)).sketch, sketches[number])
            assert distance <= COPY, (path.name, what)
