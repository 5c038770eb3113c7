"""The pictures of the training set's HDF5 file.

It holds what Gravity Spy's own network saw: the inside of the axes, turned grey by luminance and
reduced to 140 x 170. The luminance of viridis rises all the way, so it leads back to the energy.
"""

import io
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.pictures import PictureError
from ml.viridis import VIRIDIS

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Weights of skimage.color.rgb2gray, which Gravity Spy used (Rec. 709 luma).
LUMINANCE = np.array([0.2125, 0.7154, 0.0721])
# (256,); rounding of the colours makes a few neighbours dip by a hundredth of a step.
_LEVELS: npt.NDArray[np.float64] = np.maximum.accumulate(VIRIDIS @ LUMINANCE / 255)


def is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def scan_hdf5(path: Path) -> Iterator[tuple[tuple[str, ...], Callable[[], bytes]]]:
    """The path of each dataset, as its parts, with a function that reads it as a PNG.

    The file stays open as long as any of the functions lives; they may be called from threads.
    Raises OSError or RuntimeError where it is cut short or damaged.
    """
    import h5py

    file = h5py.File(path, "r")
    lock = threading.Lock()
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if _is_data(item) else None)
    for name in names:
        yield tuple(name.split("/")), partial(_read, file, lock, name)


def _is_data(item: "h5py.Group | h5py.Dataset") -> bool:
    return hasattr(item, "shape")


def _read(file: "h5py.File", lock: threading.Lock, name: str) -> bytes:
    with lock:
        try:
            values = np.asarray(file[name])
        except (OSError, KeyError, RuntimeError) as error:
            raise PictureError(
                f"{name} cannot be read from the HDF5 file ({error}).", code="unreadable_picture"
            ) from error
    return as_png(values, name)


def as_png(values: npt.NDArray[np.generic], name: str) -> bytes:
    """A picture's bytes as they are, or luminance (..., h, w), 0 to 1 or 0 to 255, as grey energy.

    Raises :class:`PictureError` for anything else.
    """
    values = np.squeeze(values)
    if values.ndim == 1 and values.dtype == np.uint8:
        return values.tobytes()
    if values.ndim != 2 or values.dtype.kind not in "fu" or not np.isfinite(values).all():
        raise PictureError(
            f"{name} is no grey picture: {values.dtype} of shape {values.shape}.",
            code="unreadable_picture",
        )
    scale = 255 if values.dtype.kind == "u" else 1
    energy = (
        np.interp(values.astype(np.float64) / scale, _LEVELS, np.arange(256))
        .round()
        .astype(np.uint8)
    )
    buffer = io.BytesIO()
    Image.fromarray(energy).save(buffer, "PNG")
    return buffer.getvalue()
