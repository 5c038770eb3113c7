"""Pictures: what is let in, what is turned away and with which code, and the energy read out."""

import io
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml import pictures
from ml.axes import AXES_BOX, crop_axes
from ml.pictures import (
    DURATIONS,
    PictureError,
    PictureInfo,
    PictureName,
    check_picture,
    parse_picture_name,
    read_energy,
)
from ml.viridis import VIRIDIS


def encode(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def plain(width: int, height: int, mode: str = "RGB") -> bytes:
    return encode(Image.new(mode, (width, height)))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 10)
    chunks = [
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (header, body, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def without_palette() -> bytes:
    """Colours by number, and no table of them: Pillow opens it, and stumbles when it converts."""
    file = io.BytesIO()
    Image.new("P", (40, 40)).save(file, "PNG", transparency=0)
    whole = file.getvalue()
    at = whole.index(b"PLTE") - 4
    return whole[:at] + whole[at + 12 + int.from_bytes(whole[at : at + 4], "big") :]


def test_viridis_is_matplotlibs() -> None:
    from matplotlib import colormaps

    assert np.array_equal(VIRIDIS, colormaps["viridis"](np.arange(256), bytes=True)[:, :3])


@pytest.mark.parametrize(
    ("data", "info"),
    [
        (plain(800, 600, "RGBA"), PictureInfo(800, 600, "RGBA", "")),
        (plain(32, 32), PictureInfo(32, 32, "RGB", "")),
        (plain(170, 140, "L"), PictureInfo(170, 140, "L", "")),
        (encode(Image.new("RGB", (60, 45)), "JPEG"), PictureInfo(60, 45, "RGB", "")),
    ],
)
def test_sound_pictures_are_described(data: bytes, info: PictureInfo) -> None:
    assert check_picture(data) == replace(info, sketch="0" * 256)  # of one colour: flat


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_picture"),
        (b"GIF89a" + bytes(50), "unsupported_picture_type"),
        (encode(Image.new("RGB", (64, 64)), "GIF"), "unsupported_picture_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_picture_type"),
        (plain(31, 200), "picture_too_small"),
        (plain(64, 64)[:60], "unreadable_picture"),
        (plain(64, 64)[:-30], "unreadable_picture"),
        (b"\x89PNG\r\n\x1a\n" + b"nonsense" * 9, "unreadable_picture"),
        (encode(Image.effect_noise((64, 64), 50), "JPEG")[:700], "unreadable_picture"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "unreadable_picture"),
        (png_header(64, 64), "unreadable_picture"),
        (without_palette(), "unreadable_picture"),
        (png_header(5000, 5000), "picture_too_large"),
        (png_header(12_000, 12_000), "picture_too_large"),
        (png_header(60_000, 60_000), "picture_too_large"),
        (plain(64, 64) + bytes(8 * 1024 * 1024), "picture_too_large"),
    ],
)
def test_bad_pictures_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(PictureError) as caught:
        check_picture(data)
    assert caught.value.code == code


def test_size_is_judged_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(pictures, "_load", load)
    with pytest.raises(PictureError, match="5000 x 5000"):
        check_picture(png_header(5000, 5000))


def test_damage_is_judged_by_pillow_whoever_decodes() -> None:
    """200 seeded damages of a sound picture, a few of which do no harm."""
    sound = encode(Image.fromarray(VIRIDIS[np.add.outer(np.arange(40), np.arange(60))]))
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(200):
        data = bytearray(sound)
        for place in rng.integers(8, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        verdicts.append((_is_sound(bytes(data)), _opens(bytes(data))))
    assert all(ours == pillows for ours, pillows in verdicts)
    assert (False, False) in verdicts


def _is_sound(data: bytes) -> bool:
    try:
        check_picture(data)
    except PictureError as error:
        return error.code in ("no_spectrogram", "no_axes")  # damaged colours, decoded all the same
    return True


def _opens(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).load()
    except Exception:
        return False
    return True


GREYS = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)  # (40, 60), 0 to 98


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(GREYS),
        Image.fromarray(np.repeat(GREYS[..., None], 3, axis=2)),
        Image.fromarray(VIRIDIS[GREYS]),
        Image.fromarray(VIRIDIS[GREYS]).convert("RGBA"),
        Image.fromarray(np.dstack([VIRIDIS[GREYS], GREYS])),
        Image.fromarray(VIRIDIS[GREYS]).quantize(256),
        Image.fromarray(GREYS.astype(np.uint16) * 257),
    ],
    ids=[
        "grey",
        "grey as RGB",
        "viridis",
        "viridis RGBA",
        "half transparent",
        "palette",
        "16 bits",
    ],
)
def test_energy_of_a_bare_picture(image: Image.Image) -> None:
    energy = read_energy(encode(image))
    assert energy.dtype == np.uint8
    assert np.array_equal(energy, GREYS)


def test_energy_survives_rounding_and_jpeg() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None], 40, axis=0)
    dimmed = np.clip(VIRIDIS[levels].astype(int) - 1, 0, 255).astype(np.uint8)
    assert np.abs(read_energy(encode(Image.fromarray(dimmed))).astype(int) - levels).max() <= 2
    file = io.BytesIO()
    Image.fromarray(VIRIDIS[levels]).save(file, "JPEG", quality=90)
    assert np.abs(read_energy(file.getvalue()).astype(int) - levels).mean() < 4


def test_any_colour_becomes_the_nearest_of_viridis() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    apart = (colours[:, :, None].astype(int) - VIRIDIS.astype(int)) ** 2  # (32, 40, 256, 3)
    first_nearest = apart.sum(axis=3).argmin(axis=2)  # to the last pixel: cached views hang on it
    assert np.array_equal(read_energy(encode(Image.fromarray(colours))), first_nearest)


def test_what_is_no_spectrogram_is_refused_with_what_is_wanted() -> None:
    rng = np.random.default_rng(0)
    photograph = Image.fromarray(rng.integers(0, 256, (32, 40, 3), dtype=np.uint8))
    with pytest.raises(PictureError, match="viridis") as caught:
        check_picture(encode(photograph))
    assert caught.value.code == "no_spectrogram"


def test_a_bad_copy_of_a_spectrogram_is_one() -> None:
    """Real pictures come as JPEGs, tinted, with something written over them."""
    levels = np.random.default_rng(0).integers(0, 256, (12, 16)).astype(np.uint8)
    levels = levels.repeat(8, axis=0).repeat(8, axis=1)  # (96, 128)
    sound = Image.fromarray(VIRIDIS[levels])
    file = io.BytesIO()
    sound.save(file, "JPEG", quality=10)
    check_picture(file.getvalue())
    sound.paste("red", (0, 0, 60, 96))  # less than half of it
    check_picture(encode(sound))
    tinted = np.repeat(levels[..., None], 3, axis=2) // 2 + np.array([6, 0, 12], np.uint8)
    check_picture(encode(Image.fromarray(tinted)))


def test_framed_picture_loses_axes_and_margins() -> None:
    left, top, right, bottom = AXES_BOX
    inside = np.tile(np.arange(right - left) % 256, (bottom - top, 1)).astype(np.uint8)
    framed = np.full((600, 800, 3), 255, np.uint8)
    framed[top:bottom, left:right] = VIRIDIS[inside]
    energy = read_energy(encode(Image.fromarray(framed)))
    assert energy.shape == inside.shape
    # By colour, since a few neighbours in the table share one after rounding to 8 bits.
    assert np.array_equal(VIRIDIS[energy], VIRIDIS[inside])


def test_energy_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encode(Image.fromarray(GREYS)))
    assert np.array_equal(read_energy(path), GREYS)
    with pytest.raises(PictureError) as caught:
        read_energy(tmp_path / "absent.png")
    assert caught.value.code == "unreadable_picture"
    assert "absent.png" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("H1_0PgqDFdHPl_spectrogram_0.5.png", ("H1", "0PgqDFdHPl", 0.5)),
        ("L1_0123456789_spectrogram_1.0.png", ("L1", "0123456789", 1.0)),
        ("V1_abcdefghij_spectrogram_2.0.png", ("V1", "abcdefghij", 2.0)),
        (
            "L1_1264957472.914060116_spectrogram_4.0.png",
            ("L1", "1264957472.914060116", 4.0),
        ),
    ],
)
def test_names_are_read(name: str, parts: tuple[str, str, float]) -> None:
    assert parse_picture_name(name) == PictureName(*parts)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../H1_0PgqDFdHPl_spectrogram_0.5.png", "path_in_name"),
        ("a/H1_0PgqDFdHPl_spectrogram_0.5.png", "path_in_name"),
        ("C:\\H1_0PgqDFdHPl_spectrogram_0.5.png", "path_in_name"),
        ("H1_0PgqDFdHPl_spectrogram_0.5.png\x00.exe", "path_in_name"),
        ("H1_0PgqDFdHPl_spectrogram_0.5.jpg", "wrong_extension"),
        ("H1_0PgqDFdHPl_spectrogram_0.5", "wrong_extension"),
        ("H1_0PgqDFdHPl_spectrogram_0.5.png\n", "wrong_extension"),
        ("", "wrong_extension"),
        ("picture.png", "bad_picture_name"),
        ("H1_short_spectrogram_0.5.png", "bad_picture_name"),
        ("H1_0PgqDFdHPlX_spectrogram_0.5.png", "bad_picture_name"),
        ("H1_١٢٣٤٥٦٧٨٩٠_spectrogram_0.5.png", "bad_picture_name"),
        ("K1_0PgqDFdHPl_spectrogram_0.5.png", "unknown_detector"),
        ("h1_0PgqDFdHPl_spectrogram_0.5.png", "unknown_detector"),
        ("H1_0PgqDFdHPl_spectrogram_8.0.png", "unknown_duration"),
        ("H1_0PgqDFdHPl_spectrogram_1.png", "unknown_duration"),
    ],
)
def test_bad_names_are_refused(name: str, code: str) -> None:
    with pytest.raises(PictureError) as caught:
        parse_picture_name(name)
    assert caught.value.code == code


def test_a_long_name_is_shown_cut() -> None:
    with pytest.raises(PictureError) as caught:
        parse_picture_name("x" * 5000 + ".png")
    assert len(str(caught.value)) < 400


def test_real_pictures_hold_no_frame_inside_the_box() -> None:
    folder = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"
    paths = sorted(folder.rglob("*.png"))[::17]
    if not paths:
        pytest.skip(f"no real spectrograms in {folder} (NOTA_SHARED names their place)")
    for path in paths:
        assert parse_picture_name(path.name).duration in DURATIONS
        inside = np.asarray(crop_axes(Image.open(path)).convert("RGB")).astype(int)
        index = read_energy(path)
        assert index.shape == (477, 571)
        # Viridis colours all along the border: a frame line, black or blended, is none. (Inward
        # ticks of old plots and blending beside the frame take some pixels.)
        strange = np.abs(inside - VIRIDIS[index]).max(axis=2) > 12
        for border in (strange[0], strange[-1], strange[:, 0], strange[:, -1]):
            assert border.mean() < 0.2, path.name
