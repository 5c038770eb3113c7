"""Small training sets in the layouts of the published one."""

import csv
import io
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from ml.axes import crop_axes
from ml.published_hdf5 import LUMINANCE
from ml.viridis import VIRIDIS

HEADER = ("event_time", "ifo", "peak_frequency", "snr", "gravityspy_id", "label", "sample_type")


def write_table(path: Path, rows: list[dict[str, str]]) -> Path:
    """The columns of the published table that matter; what a row leaves out is empty."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_hdf5(path: Path, pictures: dict[str, bytes]) -> Path:
    """Pictures by ``label/split/id/duration.png`` as Gravity Spy reduced them: (1, 140, 170)."""
    with h5py.File(path, "w") as file:
        for name, data in pictures.items():
            file[name] = reduced(data)
    return path


def reduced(data: bytes) -> np.ndarray:
    """Luminance of the inside of the axes, float32 (1, 140, 170)."""
    with Image.open(io.BytesIO(data)) as image:
        inside = crop_axes(image).resize((170, 140))
        grey = inside.mode == "L"
        rgb = VIRIDIS[np.asarray(inside)] if grey else np.asarray(inside.convert("RGB"))
    return (rgb @ LUMINANCE / 255).astype(np.float32)[None]
