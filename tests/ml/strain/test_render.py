"""Pictures: their form, and that what was painted is what ml.pictures reads back."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.axes import AXES_BOX
from ml.pictures import DURATIONS, check_picture, read_energy
from ml.strain.render import ENERGY_SHAPE, axes_template, encode_png, frame_energy, render_glitch
from ml.strain.simulate import simulate_glitch


def test_a_glitch_is_four_framed_pictures_with_the_event_in_the_middle() -> None:
    pictures = render_glitch(simulate_glitch("Koi_Fish", 3), "L1")
    assert tuple(pictures) == DURATIONS
    for data in pictures.values():
        info = check_picture(data)
        assert (info.width, info.height, info.mode) == (800, 600, "RGBA")
        columns = np.nonzero((read_energy(data) == 255).sum(axis=0) > 5)[0]
        assert abs(columns.mean() - 571 / 2) < 571 / 8
    shares = [np.mean(read_energy(data) == 255) for data in pictures.values()]
    assert shares == sorted(shares, reverse=True)  # the longer the time, the thinner the glitch


def test_energy_comes_back_in_tenths() -> None:
    energy = np.linspace(0, 30, ENERGY_SHAPE[1], dtype=np.float32) * np.ones(
        (ENERGY_SHAPE[0], 1), np.float32
    )
    back = read_energy(encode_png(frame_energy(energy, "H1", 1.0)))
    expected = np.clip(energy[1:-1, 1:-1] * 10, 0, 255)
    assert back.shape == expected.shape
    assert np.abs(back - expected).max() <= 2  # neighbours in viridis that share a colour


def test_the_first_runs_pictures_are_divided_by_the_mean() -> None:
    """Gaussian noise has exponential energy: its median is ln 2 of its mean, in tenths 7 and 10."""
    gram = simulate_glitch("No_Glitch", 3)
    floors = [np.median(read_energy(render_glitch(gram, "L1", run)[4.0])) for run in ("O1", "O3")]
    assert floors == [pytest.approx(6.9, abs=0.7), pytest.approx(10, abs=0.7)]


def test_the_frame_lies_just_outside_of_what_is_painted() -> None:
    blank = axes_template("H1", 4.0)[..., :3].astype(int)
    left, top, right, bottom = AXES_BOX
    for line in (
        blank[300, left - 2],
        blank[200, right + 1],
        blank[top - 2, 300],
        blank[bottom + 1, 300],
    ):
        assert line.max() < 100
    for outside in (blank[330, left - 3], blank[200, right + 2], blank[top - 3, 300]):
        assert outside.min() > 245


@pytest.mark.parametrize(("ifo", "other"), [("H1", "L1"), ("L1", "V1")])
def test_title_names_the_observatory_and_ticks_the_duration(ifo: str, other: str) -> None:
    title, axis = np.s_[:50, 200:600], np.s_[542:566, 60:700]
    assert not np.array_equal(axes_template(ifo, 1.0)[title], axes_template(other, 1.0)[title])
    assert np.array_equal(axes_template(ifo, 1.0)[axis], axes_template(other, 1.0)[axis])
    assert not np.array_equal(axes_template(ifo, 1.0)[axis], axes_template(ifo, 4.0)[axis])


def test_the_furniture_stands_where_gravity_spys_does() -> None:
    folder = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"
    paths = sorted((folder / "Fast_Scattering").glob("L1_*_4.0.png"))
    if not paths:
        pytest.skip(f"no real spectrograms in {folder} (NOTA_SHARED names their place)")
    with Image.open(paths[0]) as image:
        real = np.asarray(image.convert("L")).astype(int)
    ours = np.asarray(Image.fromarray(axes_template("L1", 4.0)).convert("L")).astype(int)
    places = {
        "title": (0, 50, 0, 800),
        "x label": (568, 600, 0, 800),
        "y label": (60, 540, 0, 38),
        "bar label": (60, 540, 752, 800),
    }
    for name, (top, bottom, left, right) in places.items():
        boxes = [_extent(picture[top:bottom, left:right]) for picture in (real, ours)]
        assert np.abs(np.subtract(*boxes)).max() <= 20, name  # fonts differ


def test_another_librarys_style_changes_nothing() -> None:
    import matplotlib

    plain = axes_template("H1", 2.0)
    axes_template.cache_clear()
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "ytick.right": True}):
        assert np.array_equal(axes_template("H1", 2.0), plain)


def _extent(part: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(part < 160)
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_pngs_are_read_by_anyone() -> None:
    data = encode_png(frame_energy(np.zeros(ENERGY_SHAPE, np.float32), "H1", 0.5))
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        assert np.asarray(image)[..., 3].min() == 255
