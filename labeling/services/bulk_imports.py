"""Many glitches at once: read and checked ahead in threads, stored one by one, the bad listed."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError, UnavailableError
from labeling.models import Glitch, User
from labeling.services.imports import (
    FACTS,
    CheckedGlitch,
    NewGlitch,
    check_facts,
    check_glitch,
    complete_glitch,
    digest_of,
    preview_glitch,
    store_glitch,
)
from ml.errors import MLError
from ml.pictures import find_pictures, parse_picture_name

Bad = tuple[str, str, str]  # file or id, code, message
Checked = CheckedGlitch | NewGlitch | Bad | None


@dataclass
class ImportReport:
    """What an import did; ``bad`` holds (file or id, code, message).

    ``completed``: glitches that were stored without a time, frequency or SNR that they have now.
    """

    imported: int = 0
    completed: int = 0
    unchanged: int = 0
    bad: list[Bad] = field(default_factory=list)


@dataclass(frozen=True)
class StoredGlitch:
    """What is known of a stored glitch; an import that would say the same has nothing to do.

    ``facts``: in the order of FACTS.
    """

    ifo: str
    content_digest: str
    gold_label: str | None
    gold_split: str | None
    facts: tuple[float | None, ...]

    def holds(self, new: NewGlitch) -> bool:
        """Whether all of ``new`` is stored already; no picture needs to be decoded to tell."""
        same = new.gold_label == self.gold_label and new.gold_split == self.gold_split
        gold = same or (new.gold_label is None and new.gold_split is None)
        hashes = {d: hashlib.sha256(data).hexdigest() for d, data in new.pictures.items()}
        return gold and self.ifo == new.ifo and self.content_digest == digest_of(hashes)

    def lacks(self, new: NewGlitch) -> bool:
        """Whether ``new`` tells a fact that is not stored.

        Raises ConflictError ``other_facts`` where it tells one otherwise.
        """
        mine = dict(zip(FACTS, self.facts, strict=True))
        told = {fact: getattr(new, fact) for fact in FACTS if getattr(new, fact) is not None}
        other = [
            f"{fact} {mine[fact]}, not {value}"
            for fact, value in told.items()
            if mine[fact] not in (None, value)
        ]
        if other:
            raise ConflictError(
                _("Glitch %(id)s is stored with %(facts)s; what is stored stays, mend the table.")
                % {"id": new.gravityspy_id, "facts": ", ".join(other)},
                code="other_facts",
            )
        return any(mine[fact] is None for fact in told)


def stored_glitches() -> dict[str, StoredGlitch]:
    """Every stored glitch by its id."""
    rows = Glitch.objects.values_list(
        "gravityspy_id",
        "ifo",
        "content_digest",
        "gold_labels__glitch_class__label",
        "gold_labels__split",
        *FACTS,
    )
    return {
        row[0]: StoredGlitch(row[1], row[2], row[3], row[4], row[5:])
        for row in rows.iterator(chunk_size=5000)
    }


@dataclass(frozen=True)
class FolderEntry:
    """A glitch found in a folder: its files by duration."""

    ifo: str
    gravityspy_id: str
    files: Mapping[float, Path]


def scan_folder(folder: Path, report: ImportReport) -> list[FolderEntry]:
    """The glitches whose pictures lie in a folder or below it, by Gravity Spy's file names.

    Files that are no pictures by their name's end are passed over; those with a bad name are
    listed in ``report``. Raises LabelingError ``no_folder`` or ``empty_folder``.
    """
    if not folder.is_dir():
        raise LabelingError(
            _("%(folder)s is not a folder that can be read.") % {"folder": folder}, code="no_folder"
        )
    found: dict[tuple[str, str], dict[float, Path]] = {}
    for path in find_pictures(folder):
        try:
            name = parse_picture_name(path.name)
        except MLError as error:
            report.bad.append((str(path.relative_to(folder)), error.code, str(error)))
            continue
        found.setdefault((name.ifo, name.gravityspy_id), {})[name.duration] = path
    if not found:
        raise LabelingError(
            f"{folder} holds no picture named {{ifo}}_{{id}}_spectrogram_{{duration}}.png"
            + (f"; {len(report.bad)} files have another name." if report.bad else "."),
            code="empty_folder",
            bad=report.bad[:20],
        )
    return [FolderEntry(ifo, gid, files) for (ifo, gid), files in found.items()]


def import_glitches(
    glitches: Sequence[Callable[[], NewGlitch]],
    *,
    by: User | None,
    report: ImportReport,
    threads: int = 2,
) -> Iterator[Glitch]:
    """Import many: a bad one is listed in ``report`` and the others go on.

    Each glitch is made (its files read) and checked in a thread, some ahead of the one that is
    being stored, so that memory does not grow with the folder.
    """
    for outcome in _ahead(glitches, _make_and_check, threads):
        if isinstance(outcome, CheckedGlitch):
            glitch = _store_or_list(outcome, by, report)
            if glitch is not None:
                yield glitch
        elif isinstance(outcome, tuple):
            report.bad.append(outcome)
    if report.imported:
        jobs.enqueue_on_commit(jobs.SWEEP_SCORES)


def import_missing_glitches(
    glitches: Sequence[Callable[[], NewGlitch]],
    *,
    by: User | None,
    report: ImportReport,
    dry_run: bool = False,
    threads: int = 2,
) -> Iterator[None]:
    """As :func:`import_glitches`, for a set that is imported in several goes: one tick a glitch.

    What is stored already is told by its hash, without decoding a picture; facts that it lacks are
    filled. ``dry_run`` stores nothing and reports what would be.
    """
    stored = stored_glitches()

    def check(make: Callable[[], NewGlitch]) -> Checked:
        return _make_and_check(make, stored)

    for outcome in _ahead(glitches, check, threads):
        if outcome is None:
            report.unchanged += 1
        elif isinstance(outcome, NewGlitch):
            report.completed += 1
            if not dry_run:
                complete_glitch(outcome)
        elif isinstance(outcome, CheckedGlitch):
            glitch = _store_or_list(outcome, by, report, dry_run=dry_run)
            if glitch is not None and glitch.gravityspy_id in stored:
                complete_glitch(outcome.new)
        else:
            report.bad.append(outcome)
        yield
    if report.imported and not dry_run:
        jobs.enqueue_on_commit(jobs.SWEEP_SCORES)


Job = TypeVar("Job")
Done = TypeVar("Done")


def _ahead(tasks: Sequence[Job], do: Callable[[Job], Done], threads: int) -> Iterator[Done]:
    """``do`` of each job in order, by a few threads, never more ahead than a bounded number."""
    with ThreadPoolExecutor(threads) as pool:
        left = iter(tasks)
        ahead = deque(pool.submit(do, job) for job in islice(left, 8 * threads))
        while ahead:
            done = ahead.popleft().result()
            ahead.extend(pool.submit(do, job) for job in islice(left, 1))
            yield done


def _make_and_check(
    make: Callable[[], NewGlitch], stored: Mapping[str, StoredGlitch] | None = None
) -> Checked:
    """A checked glitch; one that is stored but for some facts; None where all of it is stored; or
    what is bad about it."""
    name = ""
    try:
        new = make()
        name = f"{new.ifo}_{new.gravityspy_id}"
        known = (stored or {}).get(new.gravityspy_id)
        if known is None or not known.holds(new):
            return check_glitch(new)
        check_facts(new)
        return new if known.lacks(new) else None
    except OSError as error:
        return str(error.filename), "unreadable_file", f"The file cannot be read: {error.strerror}."
    except (LabelingError, MLError) as error:
        return name, error.code, str(error)


def _store_or_list(
    checked: CheckedGlitch, by: User | None, report: ImportReport, *, dry_run: bool = False
) -> Glitch | None:
    glitch = None
    try:
        if dry_run:
            created = preview_glitch(checked)
        else:
            glitch, created = store_glitch(checked, by=by)
    except UnavailableError:  # no fault of this glitch, and the next would fare no better
        raise
    except LabelingError as error:
        name = f"{checked.new.ifo}_{checked.new.gravityspy_id}"
        report.bad.append((name, error.code, str(error)))
        return None
    report.imported += int(created)
    report.unchanged += int(not created)
    return glitch
