"""Imports: glitches and their pictures, checked whole before anything is stored."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError
from labeling.models import Glitch, GlitchClass, GoldLabel, Picture, User, Workflow
from labeling.models.glitches import LATEST_EVENT
from labeling.selectors.classes import near_label
from labeling.services.gold import add_gold_label
from labeling.services.storage import store_picture
from ml.errors import MLError
from ml.pictures import DURATIONS, PictureInfo, check_picture, parse_picture_name


@dataclass(frozen=True)
class NewGlitch:
    """A glitch to import. ``pictures``: duration in seconds -> bytes of a PNG or JPEG."""

    gravityspy_id: str
    ifo: str
    pictures: Mapping[float, bytes]
    event_time: float | None = None
    peak_frequency: float | None = None
    snr: float | None = None
    gold_label: str | None = None
    gold_split: GoldLabel.Split | None = None
    is_simulated: bool = False
    is_reserved: bool = False


FACTS = ("event_time", "peak_frequency", "snr")  # what a table tells of a glitch, or leaves open


@dataclass(frozen=True)
class CheckedPicture:
    data: bytes
    extension: str
    info: PictureInfo
    sha256: str


@dataclass(frozen=True)
class CheckedGlitch:
    """A glitch whose pictures were decoded and found sound; nothing is stored yet."""

    new: NewGlitch
    pictures: Mapping[float, CheckedPicture]

    @property
    def digest(self) -> str:
        return digest_of({d: p.sha256 for d, p in self.pictures.items()})


def digest_of(hashes: Mapping[float, str]) -> str:
    """Over the pictures' SHA-256 by duration."""
    lines = (f"{duration} {sha256}" for duration, sha256 in sorted(hashes.items()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def import_glitch(new: NewGlitch, *, by: User | None) -> tuple[Glitch, bool]:
    """Check and store one glitch; (glitch, True where it is new). Raises as its two parts do."""
    glitch, created = store_glitch(check_glitch(new), by=by)
    if created:
        jobs.enqueue_on_commit(jobs.SWEEP_SCORES)
    return glitch, created


def check_glitch(new: NewGlitch) -> CheckedGlitch:
    """Look at every picture of a glitch; touches no database, so threads may do it.

    Raises LabelingError or MLError with what is wrong in which picture.
    """
    if not new.pictures:
        raise LabelingError(
            _("Glitch %(id)s came without a picture; send at least one of %(durations)s s.")
            % {"id": new.gravityspy_id, "durations": ", ".join(map(str, DURATIONS))},
            code="no_picture",
        )
    _check_identity(new)
    check_facts(new)
    return CheckedGlitch(new, check_pictures(new))


def check_facts(new: NewGlitch) -> None:
    """Raise LabelingError ``impossible_time``, or ``bad_number`` for a frequency or SNR that there
    cannot be.
    """
    _check_event_time(new)
    for fact in ("peak_frequency", "snr"):
        value = getattr(new, fact)
        if value is not None and not 0 <= value < math.inf:  # false for NaN
            raise LabelingError(
                _("Glitch %(id)s has the %(fact)s %(value)s; it must be a number from 0.")
                % {"id": new.gravityspy_id, "fact": fact, "value": value},
                code="bad_number",
            )


def check_pictures(new: NewGlitch) -> dict[float, CheckedPicture]:
    """Decode every picture; raises LabelingError with what is wrong in which of them."""
    return {duration: _check(new, duration, data) for duration, data in new.pictures.items()}


def store_glitch(checked: CheckedGlitch, *, by: User | None) -> tuple[Glitch, bool]:
    """Store a checked glitch; the same id with the same pictures changes nothing but a gold label
    that it lacked.

    Raises ConflictError ``duplicate_id`` where the id is stored with other content, and
    LabelingError ``unknown_class`` for a gold label of no class.
    """
    gold_class = _gold_class(checked.new.gold_label)
    for picture in checked.pictures.values():
        store_picture(picture.data, picture.extension)
    try:
        return _store(checked, gold_class, by)
    except IntegrityError:
        # Another import of the same id committed first: its glitch is there to be found now.
        return _store(checked, gold_class, by)


@transaction.atomic
def _store(
    checked: CheckedGlitch, gold_class: GlitchClass | None, by: User | None
) -> tuple[Glitch, bool]:
    glitch, created = _get_or_create(checked)
    if gold_class is not None:
        add_gold_label(glitch, gold_class, by=by, split=checked.new.gold_split)
    return glitch, created


def complete_glitch(new: NewGlitch) -> None:
    """Fill the facts that the stored glitch lacks; what it has is never overwritten."""
    given = {fact: getattr(new, fact) for fact in FACTS if getattr(new, fact) is not None}
    Glitch.objects.filter(gravityspy_id=new.gravityspy_id).update(
        **{fact: Coalesce(fact, Value(value)) for fact, value in given.items()}
    )


def preview_glitch(checked: CheckedGlitch) -> bool:
    """Whether :func:`store_glitch` would add the glitch; raises what can be told beforehand."""
    _gold_class(checked.new.gold_label)
    if Glitch.objects.filter(gravityspy_id=checked.new.gravityspy_id).exists():
        _existing(checked)
        return False
    return True


def _check(new: NewGlitch, duration: float, data: bytes) -> CheckedPicture:
    named = f"{new.ifo}_{new.gravityspy_id}_spectrogram_{duration}"
    where = named if new.gravityspy_id else f"The picture of {duration} s"
    if duration not in DURATIONS:
        raise LabelingError(
            _("%(where)s: a picture spans one of %(durations)s s, not %(duration)s.")
            % {"where": where, "durations": ", ".join(map(str, DURATIONS)), "duration": duration},
            code="unknown_duration",
        )
    try:
        info = check_picture(data)
    except MLError as error:
        raise LabelingError(
            _("%(where)s: %(error)s") % {"where": where, "error": error},
            code=error.code,
            **error.data,
        ) from error
    extension = "png" if data.startswith(b"\x89PNG") else "jpg"
    return CheckedPicture(data, extension, info, hashlib.sha256(data).hexdigest())


def _check_identity(new: NewGlitch) -> None:
    """The same rules for an id sent over the API as for one in a file's name."""
    parse_picture_name(f"{new.ifo}_{new.gravityspy_id}_spectrogram_4.0.png")


def _check_event_time(new: NewGlitch) -> None:
    """Every date on a page is reckoned from this number, so none may be beyond the calendar."""
    if new.event_time is None or 0 <= new.event_time <= LATEST_EVENT:  # false for NaN
        return
    raise LabelingError(
        _(
            "Glitch %(id)s cannot have happened at event_time %(time)s: GPS seconds from 0 to "
            "%(latest)s are wanted, such as 1264785164.19, not nanoseconds."
        )
        % {"id": new.gravityspy_id, "time": new.event_time, "latest": f"{LATEST_EVENT:.0f}"},
        code="impossible_time",
    )


def _gold_class(label: str | None) -> GlitchClass | None:
    if label is None:
        return None
    found = GlitchClass.objects.filter(label=label, valid_to__isnull=True).first()
    if found is None:
        near = near_label(label)
        raise LabelingError(
            _("There is no glitch class %(label)r to give as gold label; %(advice)s")
            % {
                "label": label,
                "advice": _("did you mean %s?") % near if near else _("load it first."),
            },
            code="unknown_class",
        )
    return found


def _existing(checked: CheckedGlitch) -> Glitch:
    glitch = Glitch.objects.get(gravityspy_id=checked.new.gravityspy_id)
    if glitch.content_digest != checked.digest or glitch.ifo != checked.new.ifo:
        raise ConflictError(
            _(
                "Glitch %(id)s is stored already with other pictures or another detector. Give the "
                "new one its own id."
            )
            % {"id": checked.new.gravityspy_id},
            code="duplicate_id",
        )
    return glitch


def _get_or_create(checked: CheckedGlitch) -> tuple[Glitch, bool]:
    new = checked.new
    if Glitch.objects.filter(gravityspy_id=new.gravityspy_id).exists():
        return _existing(checked), False
    top = Workflow.objects.filter(is_open=True).order_by("-level").first()
    glitch = Glitch.objects.create(
        gravityspy_id=new.gravityspy_id,
        ifo=new.ifo,
        event_time=new.event_time,
        peak_frequency=new.peak_frequency,
        snr=new.snr,
        is_simulated=new.is_simulated,
        is_reserved=new.is_reserved,
        content_digest=checked.digest,
        # Until a classifier has seen it, a glitch may be anything: every class must be on offer.
        workflow=None if new.is_reserved else top,
        votes_needed=top.votes_min if top else 2,
    )
    Picture.objects.bulk_create(
        Picture(
            glitch=glitch,
            duration=str(duration),
            sha256=picture.sha256,
            extension=picture.extension,
            width=picture.info.width,
            height=picture.info.height,
            sketch=picture.info.sketch,
        )
        for duration, picture in checked.pictures.items()
    )
    return glitch, True
