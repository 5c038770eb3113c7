"""Gravity Spy's published training set, in the layouts in which it is given away.

Coughlin et al., "Updated Gravity Spy Data Set", version 1.1 (Zenodo record 1476551): a folder of
pictures ``<label>/<sample_type>/<ifo>_<id>_spectrogram_<duration>.png``, an HDF5 file
``/<label>/<sample_type>/<id>/<duration>.png``, and a table of all glitches. The table names each
glitch's detector, label and split; beside it the pictures may lie in any folders. No file is read
here but the table: pictures are read one by one, when asked for.
"""

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ml.errors import MLError
from ml.pictures import DETECTORS, DURATIONS, PictureError, find_pictures, parse_picture_name
from ml.published_hdf5 import is_hdf5, scan_hdf5

SPLITS = ("train", "validation", "test")
COLUMNS = ("gravityspy_id", "ifo", "label", "sample_type")
_DURATIONS = {f"{duration}.png": duration for duration in DURATIONS}
_ID = re.compile(r"[A-Za-z0-9.]{1,32}")


class PublishedError(MLError):
    """No training set: ``no_source``, ``damaged_hdf5``, ``no_pictures``, ``bad_metadata``."""

    code = "bad_metadata"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row, file or glitch; the others are not touched by it."""

    name: str
    code: str
    message: str


@dataclass(frozen=True)
class PublishedGlitch:
    """One glitch: ``pictures`` by duration in seconds, each a function that reads its bytes."""

    gravityspy_id: str
    ifo: str
    label: str
    split: str
    pictures: Mapping[float, Callable[[], bytes]]
    event_time: float | None = None
    peak_frequency: float | None = None
    snr: float | None = None


@dataclass
class _Claims:
    """All that places and rows say of one glitch; more than one of a kind is a contradiction."""

    ifo: set[str] = field(default_factory=set)
    label: set[str] = field(default_factory=set)
    split: set[str] = field(default_factory=set)
    pictures: dict[float, Callable[[], bytes]] = field(default_factory=dict)
    row: Mapping[str, str] = field(default_factory=dict)
    twice: bool = False


def read_published(
    source: Path, metadata: Path | None = None
) -> tuple[list[PublishedGlitch], list[Fault]]:
    """The glitches in ``source`` (a folder or an HDF5 file), sorted by id, and what is wrong.

    A glitch that any fault names is left out, but for a row that came twice and says the same.
    Codes: ``duplicate_id``, ``missing_pictures``, ``bad_split``, ``bad_place``, ``bad_number``,
    ``missing_detector``, ``not_in_metadata`` and those of :func:`parse_picture_name`. Raises
    :class:`PublishedError` where there is nothing to read at all.
    """
    found: dict[str, _Claims] = {}
    faults: list[Fault] = []
    _scan(source, found, faults, by_place=metadata is None)
    if not any(claims.pictures for claims in found.values()):
        raise PublishedError(
            f"{source} holds no picture of a training set"
            + (f"; the first of {len(faults)} faults: {faults[0].message}" if faults else "."),
            code="no_pictures",
        )
    if metadata is not None:
        _read_table(metadata, found, faults)
    glitches = []
    for gravityspy_id, claims in sorted(found.items()):
        made = _settle(gravityspy_id, claims, with_table=metadata is not None)
        if isinstance(made, Fault):
            faults.append(made)
        else:
            glitches.append(made)
    return glitches, faults


def _scan(source: Path, found: dict[str, _Claims], faults: list[Fault], *, by_place: bool) -> None:
    if source.is_dir():
        places = _scan_folder(source, faults)
    elif source.is_file() and is_hdf5(source):
        places = _scan_hdf5(source, faults)
    else:
        raise PublishedError(
            f"{source} is neither a folder nor an HDF5 file that can be read; name one of them.",
            code="no_source",
        )
    for place in places:
        claims = found.setdefault(place.gravityspy_id, _Claims())
        claims.twice = claims.twice or place.duration in claims.pictures
        claims.pictures[place.duration] = place.read
        claims.ifo |= {place.ifo} if place.ifo else set()
        # Any two folders end a path; they mean label and split where the second is a split.
        if by_place or place.split in SPLITS:
            claims.label.add(place.label)
            claims.split.add(place.split)


@dataclass(frozen=True)
class _Place:
    """One picture and what its place says; ``ifo`` is empty where the place does not tell."""

    gravityspy_id: str
    ifo: str
    label: str
    split: str
    duration: float
    read: Callable[[], bytes]


def _scan_folder(folder: Path, faults: list[Fault]) -> Iterator[_Place]:
    for path in find_pictures(folder):
        try:
            name = parse_picture_name(path.name)
        except PictureError as error:
            faults.append(Fault(str(path.relative_to(folder)), error.code, str(error)))
            continue
        label, split = path.parent.parent.name, path.parent.name
        yield _Place(name.gravityspy_id, name.ifo, label, split, name.duration, path.read_bytes)


def _scan_hdf5(path: Path, faults: list[Fault]) -> Iterator[_Place]:
    try:
        found = list(scan_hdf5(path))
    except (OSError, RuntimeError) as error:
        message = f"{path} is cut short or damaged; fetch it again ({error})."
        raise PublishedError(message, code="damaged_hdf5") from error
    for parts, read in found:
        where = "/".join(parts)
        duration = _DURATIONS.get(parts[-1])
        if len(parts) != 4 or duration is None or not _ID.fullmatch(parts[2]):
            form = "<label>/<sample_type>/<id>/<duration>.png"
            faults.append(Fault(where, "bad_place", f"{where} is not of the form {form}."))
            continue
        yield _Place(parts[2], "", parts[0], parts[1], duration, read)


def _read_table(path: Path, found: dict[str, _Claims], faults: list[Fault]) -> None:
    try:
        # Spreadsheets put a mark in front of the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            missing = set(COLUMNS) - set(table.fieldnames or ())
            if missing:
                raise PublishedError(f"{path} lacks the columns {', '.join(sorted(missing))}.")
            for number, row in enumerate(table, start=2):
                _read_row(f"row {number}", row, found, faults)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PublishedError(f"{path} cannot be read: {error}") from error


def _read_row(
    where: str, row: Mapping[str, str | None], found: dict[str, _Claims], faults: list[Fault]
) -> None:
    known = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
    gravityspy_id = known["gravityspy_id"]
    if not _ID.fullmatch(gravityspy_id):
        message = f"The {where} of the table has the id {gravityspy_id[:40]!r}; mend it."
        faults.append(Fault(where, "bad_id", message))
        return
    claims = found.setdefault(gravityspy_id, _Claims())
    if claims.row:
        message = f"Glitch {gravityspy_id} has a second row in the table, {where}."
        faults.append(Fault(gravityspy_id, "duplicate_id", message))
    claims.row = claims.row or known
    claims.ifo.add(known["ifo"])
    claims.label.add(known["label"])
    claims.split.add(known["sample_type"])


def _settle(gravityspy_id: str, claims: _Claims, *, with_table: bool) -> PublishedGlitch | Fault:
    """The glitch, or the first thing that is wrong with it."""
    name = f"Glitch {gravityspy_id}"
    if not claims.pictures:
        message = f"{name} stands in the table, but no picture of it was found."
        return Fault(gravityspy_id, "missing_pictures", message)
    if with_table and not claims.row:
        message = f"{name} has pictures, but no row in the table; add it or leave the table out."
        return Fault(gravityspy_id, "not_in_metadata", message)
    for what, values in (("label", claims.label), ("split", claims.split), ("ifo", claims.ifo)):
        if len(values) > 1:
            message = f"{name} comes with more than one {what}: {', '.join(sorted(values))}."
            return Fault(gravityspy_id, "duplicate_id", message)
    if claims.twice:
        message = f"{name} has two pictures of one duration."
        return Fault(gravityspy_id, "duplicate_id", message)
    (split,) = claims.split
    if split not in SPLITS:
        message = f"{name} is in the split {split!r}; known are {', '.join(SPLITS)}."
        return Fault(gravityspy_id, "bad_split", message)
    if not claims.ifo <= set(DETECTORS) or not claims.ifo:
        message = (
            f"{name} names no detector of {', '.join(DETECTORS)}; an HDF5 file needs the table "
            "of the training set beside it (--metadata)."
        )
        return Fault(gravityspy_id, "missing_detector", message)
    try:
        numbers = {key: _number(claims.row, key) for key in ("event_time", "peak_frequency", "snr")}
    except ValueError as error:
        return Fault(gravityspy_id, "bad_number", f"{name}: {error}; mend the table.")
    (ifo,), (label,) = claims.ifo, claims.label
    return PublishedGlitch(gravityspy_id, ifo, label, split, claims.pictures, **numbers)


def _number(row: Mapping[str, str], column: str) -> float | None:
    text = row.get(column, "")
    number = float(text) if text else None
    if number is not None and not math.isfinite(number):
        raise ValueError(f"{column} is {text}")
    return number
