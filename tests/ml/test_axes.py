"""The inside of the axes: as it always was at 800 x 600, and found at any other size."""

import functools
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from ml.axes import AXES_BOX, axes_box, crop_axes
from ml.pictures import PictureError, check_picture, read_energy
from ml.strain.render import ENERGY_SHAPE, frame_energy
from ml.viridis import VIRIDIS

SIZES = [(600, 450), (799, 600), (800, 601), (1600, 1200), (400, 300), (1000, 700)]


def energy() -> np.ndarray:
    """uint8 (140, 170): a slope with a loud block, so that no part of it looks like another."""
    slope = np.add.outer(np.arange(140) // 2, np.arange(170) // 2).astype(np.uint8)
    slope[40:70, 60:90] = 255
    return slope


@functools.cache
def plot() -> Image.Image:
    """The same with axes, 800 x 600, as pictures are published."""
    tenths = Image.fromarray(energy()).resize(ENERGY_SHAPE[::-1], Image.Resampling.NEAREST)
    picture = frame_energy(np.asarray(tenths, np.float32) / 10, "H1", 1.0)
    return Image.fromarray(picture).convert("RGB")


def framed(size: tuple[int, int]) -> Image.Image:
    return plot().resize(size, Image.Resampling.LANCZOS)


def encode(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def small(picture: bytes) -> np.ndarray:
    return np.asarray(Image.fromarray(read_energy(picture)).resize((34, 28)), np.int64)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_copy_of_another_size_is_read_as_the_original(size: tuple[int, int], kind: str) -> None:
    copy = encode(framed(size), kind)
    check_picture(copy)
    original = small(encode(framed((800, 600))))
    assert np.abs(small(copy) - original).mean() < 4  # 50 with the margins left on


@pytest.mark.parametrize("size", SIZES)
def test_the_box_grows_with_the_picture(size: tuple[int, int]) -> None:
    box = axes_box(framed(size))
    assert box is not None
    scale = np.array([size[0] / 800, size[1] / 600] * 2)
    assert np.abs(np.array(box) - np.array(AXES_BOX) * scale).max() <= 2


def test_at_800_by_600_nothing_is_looked_for() -> None:
    for colour in ("white", "black"):
        assert axes_box(Image.new("RGB", (800, 600), colour)) == AXES_BOX


WHITE = np.full((60, 80), 255, np.uint8)
LOUD = WHITE.copy()
LOUD[20:40, 30:50] = 90  # grey: energy that is saturated all around


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(VIRIDIS[energy()]),
        Image.fromarray(VIRIDIS[WHITE]),
        Image.fromarray(energy()),
        Image.fromarray(WHITE),
        Image.fromarray(LOUD),
        Image.fromarray(np.repeat(LOUD[..., None], 3, axis=2)),
        Image.fromarray(energy().astype(np.uint16) * 257),
        Image.new("RGB", (801, 600)),
    ],
    ids=["viridis", "loud", "grey", "white", "loud grey", "grey as RGB", "16 bits", "black"],
)
def test_a_picture_without_axes_is_taken_whole(image: Image.Image) -> None:
    assert axes_box(image) == (0, 0, *image.size)
    check_picture(encode(image))


def test_a_grey_plot_loses_its_margins_too() -> None:
    box = axes_box(framed((600, 450)).convert("L"))
    assert box is not None
    assert np.abs(np.array(box) - np.array(AXES_BOX) * 0.75).max() <= 2


DARK = "#222222"


def bordered(image: Image.Image, width: int, colour: str) -> Image.Image:
    return ImageOps.expand(image, width, colour)


@pytest.mark.parametrize("colour", ["#808080", "black", "#3060c0"])
@pytest.mark.parametrize("width", [1, 2, 12])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_border_of_one_colour_around_a_plot_is_none_of_it(
    colour: str, width: int, kind: str
) -> None:
    copy = encode(bordered(framed((600, 450)), width, colour), kind)
    check_picture(copy)
    assert np.abs(small(copy) - small(encode(framed((800, 600))))).mean() < 4


def test_a_border_blended_by_resizing_is_none_of_it_either() -> None:
    size = (600, 450)
    copy = bordered(framed((800, 601)), 2, DARK).resize(size, Image.Resampling.LANCZOS)
    assert np.abs(small(encode(copy)) - small(encode(framed((800, 600))))).mean() < 4


@pytest.mark.parametrize("image", [Image.fromarray(energy()), Image.fromarray(VIRIDIS[energy()])])
def test_a_border_without_margins_is_left_on(image: Image.Image) -> None:
    """Quiet at its edges, or framed by somebody: without white it has no axes."""
    picture = bordered(image, 2, DARK)
    assert axes_box(picture) == (0, 0, *picture.size)


def whitened(*boxes: tuple[int, ...]) -> Image.Image:
    """1600 x 1200, white in some boxes within its axes (204, 124, 1346, 1078)."""
    picture = framed((1600, 1200))
    for box in boxes:
        picture.paste("white", box)
    return picture


@pytest.mark.parametrize(
    "boxes",
    [
        [(206, 900, 1344, 1076)],
        [(206, 126, 1344, 300)],
        [(206, 126, 400, 1076)],
        [(600, 126, 760, 1076)],
        [(x, 126, x + 3, 1076) for x in range(300, 1300, 200)]
        + [(206, y, 1344, y + 3) for y in range(200, 1000, 200)],
    ],
    ids=["low frequencies", "high frequencies", "early", "a gap in time", "a grid"],
)
def test_white_within_the_axes_moves_no_side_of_them(boxes: list[tuple[int, ...]]) -> None:
    box = axes_box(whitened(*boxes))
    assert box is not None
    assert np.abs(np.array(box) - np.array(AXES_BOX) * 2).max() <= 3


@pytest.mark.parametrize(
    "box", [(200, 900, 1350, 1084), (200, 110, 1350, 300), (198, 110, 400, 1084)]
)
def test_axes_of_another_shape_than_gravity_spys_are_refused(box: tuple[int, ...]) -> None:
    """The frame's own line is gone there: what is left would be stretched."""
    with pytest.raises(PictureError) as caught:
        check_picture(encode(whitened(box)))
    assert caught.value.code == "no_axes"


def test_a_plot_on_a_page_of_another_shape_is_found() -> None:
    page = Image.new("RGB", (900, 600), "white")
    page.paste(framed((780, 585)), (40, 10))
    box = axes_box(page)
    assert box is not None
    wanted = np.array(AXES_BOX) * 0.975 + [40, 10, 40, 10]
    assert np.abs(np.array(box) - wanted).max() <= 2


def test_white_margins_without_axes_are_refused_with_what_is_wanted() -> None:
    page = np.full((300, 400, 3), 255, np.uint8)
    page[100:160, 100:180] = VIRIDIS[energy()[:60, :80]]  # a thumbnail on a page
    for read in (check_picture, read_energy):
        with pytest.raises(PictureError, match="only the inside of its axes") as caught:
            read(encode(Image.fromarray(page)))
        assert caught.value.code == "no_axes"
    assert crop_axes(Image.fromarray(page)).size == (400, 300)  # shown as it is


def test_real_pictures_of_other_sizes_are_read_as_the_originals() -> None:
    folder = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"
    paths = sorted(folder.rglob("*.png"))[::31]
    if not paths:
        pytest.skip(f"no real spectrograms in {folder} (NOTA_SHARED names their place)")
    for path in paths:
        with Image.open(path) as image:
            original = image.convert("RGB")
        for size in SIZES[:4]:
            copy = encode(original.resize(size, Image.Resampling.LANCZOS))
            apart = np.abs(small(copy) - small(path.read_bytes()))
            assert apart.mean() < 2, (path.name, size)
