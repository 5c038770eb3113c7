"""The pictures that volunteers see: what is allowed in, and the energy that lies in them.

A spectrogram picture shows normalised energy 0 to 25.5 in viridis colours, so that the grey value
0 to 255 of :func:`read_energy` is ten times the energy. No torch, no Django: the web process, the
network and the simulation all read pictures through this one file.
"""

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from kornia_rs import io as kornia
from PIL import Image, ImageFile

from ml.axes import axes_box
from ml.errors import MLError
from ml.sketch import sketch_of
from ml.viridis import energy_of, nearest

DURATIONS = (0.5, 1.0, 2.0, 4.0)  # seconds shown, the event in the middle
DETECTORS = ("H1", "L1", "V1")

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 16_000_000
MIN_SIDE = 32  # pixels

PICTURE_NAME = re.compile(
    r"(?P<ifo>[^_]+)_(?P<id>[A-Za-z0-9]{10}|[0-9]{9,10}\.[0-9]{1,9})"
    r"_spectrogram_(?P<duration>[^_]+)\.png"
)
_DURATION_NAMES = {str(duration): duration for duration in DURATIONS}
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")  # PNG, JPEG
FAR = 40  # of the distance between two RGB colours, 0 to 442
MOST_FAR = 0.5  # of a picture's pixels
GREY_SPREAD, MOSTLY = 16, 0.9  # between a grey pixel's channels; of a grey picture's pixels
_GREY_MODES = ("1", "L", "LA", "I;16", "I;16B", "I")


class PictureError(MLError):
    """A picture, or a picture's name, that cannot be taken in."""

    code = "picture_error"


@dataclass(frozen=True)
class PictureInfo:
    """What a sound picture is: its size in pixels, Pillow's name of its mode, and its sketch."""

    width: int
    height: int
    mode: str
    sketch: str


@dataclass(frozen=True)
class PictureName:
    """The three facts in a picture's file name; ``duration`` in seconds."""

    ifo: str
    gravityspy_id: str
    duration: float


def check_picture(data: bytes) -> PictureInfo:
    """Decode ``data`` (PNG or JPEG) wholly and say what it is; raises :class:`PictureError`.

    Codes: ``empty_picture``, ``picture_too_large``, ``unsupported_picture_type``,
    ``picture_too_small``, ``unreadable_picture``, ``no_axes``, ``no_spectrogram``. Sizes are judged
    from the header, before any pixel is decoded, so that a small file cannot unfold into gigabytes.
    """
    image = _decode(data)
    inside = _inside(image)
    _check_colours(inside)
    return PictureInfo(image.width, image.height, image.mode, sketch_of(_grey(inside)))


def read_energy(source: bytes | Path) -> npt.NDArray[np.uint8]:
    """The energy in a picture as grey values (h, w): ten times the normalised energy.

    Pictures lose their axes and margins; those without any are taken whole. Colours become the
    index of the nearest viridis colour, whatever they are; grey pictures are energy already. Raises
    what :func:`check_picture` raises but ``no_spectrogram``, and ``unreadable_picture`` for a file
    that cannot be opened.
    """
    image = _inside(_decode(_read(source)))
    if image.mode in _GREY_MODES:
        return np.asarray(_grey(image))
    colours = _colours(image)
    if not ((colours ^ colours >> 8) & 0xFFFF).any():  # red equals green, and green blue
        return colours.astype(np.uint8)
    return energy_of(colours)


def _grey(image: Image.Image) -> Image.Image:
    """In 8 bits of grey (mode L), also of 16."""
    if image.mode.startswith("I"):
        energy = np.asarray(image).astype(np.int64).clip(0, 65535) // 257
        return Image.fromarray(energy.astype(np.uint8))
    return image.convert("L")


def _inside(image: Image.Image) -> Image.Image:
    """What lies inside the axes, or all of a picture without any."""
    box = axes_box(image)
    if box is None:
        raise PictureError(
            "The picture has white margins, but no axes were found in it. Send it as Gravity Spy "
            "draws it (800 x 600, or a copy of another size), or only the inside of its axes.",
            code="no_axes",
        )
    return image.crop(box)


def _check_colours(image: Image.Image) -> None:
    """Refuse what is neither grey nor near viridis: a photograph, or energy in other colours.

    Judged by a grid of at most 32 x 32 pixels. Of a real picture's at most 10 % are farther than
    ``FAR`` from viridis, even as a small JPEG of quality 10; of a picture in jet, plasma or inferno
    and of a photograph more than 85 %.
    """
    if image.mode in _GREY_MODES:
        return
    size = (min(32, image.width), min(32, image.height))
    grid = np.asarray(image.resize(size, Image.Resampling.NEAREST).convert("RGB")).reshape(-1, 3)
    is_grey = np.ptp(grid, axis=1) <= GREY_SPREAD
    if is_grey.mean() < MOSTLY and (nearest(grid)[1] > FAR**2).mean() > MOST_FAR:
        raise PictureError(
            "This is no spectrogram that the classifier could read: its colours are neither those "
            "of viridis (dark blue, green, yellow) nor grey. Draw it in those, and send it again.",
            code="no_spectrogram",
        )


def _colours(image: Image.Image) -> npt.NDArray[np.uint32]:
    """Each pixel's colour (h, w) as one number 0xBBGGRR, as the bytes lie in memory."""
    rgba = image if image.mode == "RGBA" else image.convert("RGB").convert("RGBA")
    return np.asarray(rgba).view("<u4")[..., 0] & np.uint32(0xFFFFFF)  # without the alpha


def parse_picture_name(name: str) -> PictureName:
    """Read ``{ifo}_{id}_spectrogram_{duration}.png``; raises :class:`PictureError`.

    The id is ten letters and digits, or a GPS time as in real O3 files. Codes: ``path_in_name``,
    ``wrong_extension``, ``bad_picture_name``, ``unknown_detector``, ``unknown_duration``.
    """
    if any(mark in name for mark in ("/", "\\", "..", "\x00")):
        raise _name_error("path_in_name", name, "holds a path; send the bare file name")
    if not name.endswith(".png"):
        raise _name_error("wrong_extension", name, "does not end in .png")
    match = PICTURE_NAME.fullmatch(name)
    if match is None:
        form = "{ifo}_{id}_spectrogram_{duration}.png, the id ten letters and digits or a GPS time"
        raise _name_error("bad_picture_name", name, f"is not of the form {form}")
    ifo, gravityspy_id, duration = match.group("ifo", "id", "duration")
    if ifo not in DETECTORS:
        raise _name_error(
            "unknown_detector", name, f"names the detector {ifo!r}; known are {DETECTORS}"
        )
    if duration not in _DURATION_NAMES:
        known = ", ".join(_DURATION_NAMES)
        raise _name_error(
            "unknown_duration", name, f"names the duration {duration!r}; known are {known}"
        )
    return PictureName(ifo, gravityspy_id, _DURATION_NAMES[duration])


def find_pictures(folder: Path) -> list[Path]:
    """What is a picture by its name's end, or named like one, in a folder and below it, in order.

    Names with a leading dot are passed over: some systems lay such a file beside each.
    """
    found = [path for path in sorted(folder.rglob("*")) if _is_named_like_one(path.name)]
    return [path for path in found if path.is_file()]


def _is_named_like_one(name: str) -> bool:
    has_end = name.lower().endswith((".png", ".jpg", ".jpeg"))
    return not name.startswith(".") and (has_end or "_spectrogram_" in name)


def _name_error(code: str, name: str, what: str) -> PictureError:
    shown = name if len(name) <= 120 else name[:117] + "..."
    return PictureError(f"The file name {shown!r} {what}.", code=code, name=shown)


def _read(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise _unreadable(f"The file {source} cannot be read ({error.strerror})") from error


def _decode(data: bytes) -> Image.Image:
    """The decoded picture, or the :class:`PictureError` that says why not."""
    if not data:
        raise PictureError("The picture is empty (0 bytes); send it again.", code="empty_picture")
    if len(data) > MAX_BYTES:
        raise _too_large(f"has {len(data)} bytes; at most {MAX_BYTES} are taken", size=len(data))
    if not data.startswith(_SIGNATURES):
        raise PictureError(
            "The file is neither PNG nor JPEG; convert it first.", code="unsupported_picture_type"
        )
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        _check_size(image.width, image.height)
        return _load(image, data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(f"has far more than {MAX_PIXELS} pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError) as error:
        # Pillow reports damage by any of these, depending on where in the file it lies.
        raise _unreadable(f"The picture is damaged or cut short ({error})") from error


def _load(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """Every pixel of ``image``, of which Pillow has read the header of ``data`` so far.

    Plain PNGs, as all spectrograms are, take kornia's decoder a third of the time that they take
    Pillow. What it refuses Pillow judges, so that what counts as damaged hangs on one library.
    """
    if _is_plain(image):
        with contextlib.suppress(Exception):  # it raises nothing more special
            shape = (image.height, image.width)
            return Image.fromarray(kornia.decode_image_png_u8(data, shape, image.mode.lower()))
    image.load()
    if image.mode == "P" and image.palette is None:  # Pillow would only stumble on it later
        raise ValueError("its colours are numbers in a table that is missing")
    return image


def _is_plain(image: ImageFile.ImageFile) -> bool:
    """Whether it is a PNG of three or four channels of 8 bits, row after row."""
    if image.format != "PNG" or image.info.get("interlace"):
        return False
    return image.mode in ("RGB", "RGBA") and [tile.args for tile in image.tile] == [image.mode]


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(f"is {width} x {height}; at most {MAX_PIXELS} pixels are taken")
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"The picture is {width} x {height}; each side needs {MIN_SIDE} pixels or more.",
            code="picture_too_small",
            width=width,
            height=height,
        )


def _too_large(what: str, **data: Any) -> PictureError:
    return PictureError(f"The picture {what}; make it smaller.", code="picture_too_large", **data)


def _unreadable(what: str) -> PictureError:
    return PictureError(f"{what}; send a sound copy.", code="unreadable_picture")
