import hashlib

import numpy as np
import pytest
from PIL import Image

from ml.pictures import PictureError
from ml.vision.errors import NoUsableDuration
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.inputs.views import (
    FULL,
    LAYOUT,
    LONGEST_ONLY,
    PictureFiles,
    ViewReader,
    central_part,
    reduce_energy,
    reduce_views,
    source_of,
)
from ml.vision.storage.store import ArrayStore

DURATIONS = (1.0, 2.0, 4.0)


def grey(value, side=64):
    return np.full((side, side), value, np.uint8)


def test_the_central_part_keeps_the_middle_columns():
    energy = np.arange(8, dtype=np.uint8)[None, :]
    assert central_part(energy, 0.5).tolist() == [[2, 3, 4, 5]]
    assert central_part(energy, 0.25).tolist() == [[3, 4]]
    assert central_part(energy, 1.0).tolist() == energy.tolist()


def test_a_thin_line_survives_the_reduction():
    energy = grey(0, 256)
    energy[:, 101] = 200
    reduced = reduce_energy(energy, 64)
    assert reduced.shape == (64, 64)
    assert reduced.max() == 200
    assert (reduced.max(axis=0) > 0).sum() == 1


@pytest.mark.parametrize(
    ("duration", "available", "source"),
    [
        (1.0, [0.5, 1.0, 4.0], 1.0),
        (2.0, [0.5, 1.0, 4.0], 4.0),
        (4.0, [0.5, 1.0], None),
    ],
)
def test_a_missing_duration_comes_from_the_next_longer(duration, available, source):
    assert source_of(duration, available) == source


def test_views_are_stacked_in_the_order_of_durations():
    views = reduce_views({1.0: grey(51), 2.0: grey(102), 4.0: grey(255)}, DURATIONS, 32)
    assert views.shape == (3, 32, 32)
    assert views[:, 0, 0].tolist() == [51, 102, 255]


def test_a_longer_picture_gives_its_middle_and_a_shorter_one_nothing():
    energy = grey(0)
    energy[:, 24:40] = 255  # the middle quarter
    from_longest = reduce_views({4.0: energy}, DURATIONS, 32)
    assert from_longest[0].min() == 255
    assert from_longest[2].mean() / 255 == pytest.approx(0.25, abs=0.05)
    from_shortest = reduce_views({1.0: energy}, DURATIONS, 32)
    assert from_shortest[1:].max() == 0


def save(folder, name, value):
    path = folder / f"{name}.png"
    Image.fromarray(grey(value)).save(path)
    return path


@pytest.fixture
def reader(tmp_path):
    return ViewReader(DURATIONS, 32, ArrayStore(tmp_path / "cache"))


def test_both_variants_are_read_and_cached_by_content(reader, tmp_path):
    glitch = GlitchPictures("g", {1.0: save(tmp_path, "a", 10), 4.0: save(tmp_path, "b", 200)})
    files = PictureFiles(glitch)
    views = reader.views(files, reader.content_of(files))
    assert views.variants[FULL][:, 0, 0].tolist() == [10, 200, 200]
    assert views.variants[LONGEST_ONLY][:, 0, 0].tolist() == [200, 200, 200]
    assert reader.store.get(views.content).tolist() == views.variants.tolist()
    twin = GlitchPictures("other", {1.0: save(tmp_path, "c", 10), 4.0: save(tmp_path, "d", 200)})
    assert reader.content_of(PictureFiles(twin)) == views.content


# Layout: what comes of the pictures below. Another result needs another layout, and its line here:
# caches of before are not to be mixed with it.
READ = {2: "520d0cb13686a8cc", 3: "4add469c7dfe1c03"}


def plot(size):
    """Margins, a grey frame, and in it a slope of grey: 71 % of each side, as Gravity Spy's."""
    width, height = size
    left, top, right, bottom = (
        round(side * share) for share, side in zip((0.125, 0.1, 0.845, 0.9), 2 * size, strict=True)
    )
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[top:bottom, left:right] = 96
    inside = picture[top + 1 : bottom - 1, left + 1 : right - 1]
    inside[:] = (np.arange(inside.shape[1]) // 4 % 200)[None, :, None]
    return picture


def test_pictures_that_are_read_otherwise_have_another_key(tmp_path):
    reader = ViewReader((1.0,), 64, ArrayStore(tmp_path / "cache"))
    seen = hashlib.sha256()
    for number, picture in enumerate([plot((400, 300)), plot((800, 600)), grey(90, 200)]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture).save(path)
        files = PictureFiles(GlitchPictures("g", {1.0: path}))
        seen.update(reader.views(files, str(number)).variants.tobytes())
    assert READ[LAYOUT] == seen.hexdigest()[:16]


def test_only_the_files_that_serve_are_read(reader, tmp_path):
    glitch = GlitchPictures("g", {0.5: tmp_path / "absent", 4.0: save(tmp_path, "b", 1)})
    assert reader.needed(glitch) == [4.0]
    assert reader.content_of(PictureFiles(glitch))


def test_a_prediction_decodes_only_the_pictures_that_it_shows(tmp_path):
    """The longest picture, which is of no duration asked for, serves trainings alone."""
    reader = ViewReader((1.0,), 32, ArrayStore(tmp_path / "cache"))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    pictures = GlitchPictures("g", {1.0: save(tmp_path, "one", 90), 4.0: broken})
    files = PictureFiles(pictures)
    content = reader.content_of(files)
    shown = reader.views(files, content, full_only=True).variants
    assert shown.shape == (1, 1, 32, 32)
    assert shown.max() == 90
    with pytest.raises(PictureError):
        reader.views(files, content)


def test_files_are_read_and_decoded_once_for_all_readers(tmp_path):
    """Whoever comes second has what the first found, though the files are gone by then."""
    store = ArrayStore(tmp_path / "cache")
    paths = {1.0: save(tmp_path, "a", 10), 4.0: save(tmp_path, "b", 200)}
    files = PictureFiles(GlitchPictures("g", paths))
    first, other = ViewReader(DURATIONS, 32, store), ViewReader((1.0,), 48, store)
    views = first.views(files, first.content_of(files))
    for path in paths.values():
        path.unlink()
    energies = {duration: files[duration].energy for duration in paths}
    shown = other.views(files, other.content_of(files), full_only=True).variants
    assert (shown.shape, shown.max()) == ((1, 1, 48, 48), 10)
    assert all(files[duration].energy is energy for duration, energy in energies.items())
    assert first.views(files, views.content).variants is views.variants


def test_a_glitch_without_a_usable_duration_is_refused(reader, tmp_path):
    with pytest.raises(NoUsableDuration):
        reader.needed(GlitchPictures("g", {0.5: save(tmp_path, "a", 1)}))
    with pytest.raises(NoUsableDuration):
        reader.needed(GlitchPictures("g", {}))


def test_an_absent_file_and_a_corrupt_one_are_picture_errors(reader, tmp_path):
    with pytest.raises(PictureError):
        reader.content_of(PictureFiles(GlitchPictures("g", {4.0: tmp_path / "absent.png"})))
    path = save(tmp_path, "a", 1)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(PictureError):
        reader.views(PictureFiles(GlitchPictures("g", {4.0: path})), "key")
