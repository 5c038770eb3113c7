"""Looks: asked for, done by a worker, deleted after a time."""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ForbiddenError, LabelingError, UnavailableError
from labeling.models import Glitch, Look, ModelVersion, User
from labeling.models.runs import Run
from labeling.selectors.looks import may_look_at
from labeling.selectors.pictures import copied_glitches
from labeling.selectors.versions import active_version
from labeling.services.imports import CheckedPicture, NewGlitch, check_pictures
from labeling.services.runs import end_run, held
from labeling.services.storage import writing_files

MOST_WAITING = 50
LIVE = (Run.State.REQUESTED, Run.State.RUNNING, Run.State.SUCCEEDED)


def look_folder(key: UUID) -> Path:
    return Path(settings.LOOKS_FOLDER) / str(key)


def request_look(
    pictures: Mapping[float, bytes],
    *,
    by: User | None,
    version: ModelVersion | None = None,
    label: str = "",
) -> Look:
    """Ask what one to four pictures show, by their duration in seconds.

    ``version``: which classifier, else the one in use; ``label``: of which class the heat is
    wanted, else of the likeliest. The files are whole and checked before anything is stored.
    Raises LabelingError with what is wrong in which picture, ``no_picture``, ``unknown_label`` or
    ``no_active_classifier``; ForbiddenError ``still_in_vote`` for a copy of a glitch that
    volunteers are asked about; UnavailableError ``too_many_looks`` or ``no_room``.
    """
    if not pictures:
        raise LabelingError(_("Choose at least one picture."), code="no_picture")
    checked = check_pictures(NewGlitch("", "", pictures))
    _check_free(checked.values(), by)
    _check_asked(version, label)
    _check_few_wait()
    look = Look(
        requested_by=by,
        model_version=version,
        label=label,
        pictures=[_described(duration, one) for duration, one in sorted(checked.items())],
        expires_at=timezone.now() + timedelta(hours=settings.LOOK_HOURS),
    )
    _keep(look, {_name(duration, one): one.data for duration, one in checked.items()})
    with transaction.atomic():
        look.save()
        jobs.enqueue_on_commit(jobs.LOOK, run_id=look.pk)
    return look


def _keep(look: Look, files: Mapping[str, bytes]) -> None:
    """Write files into the look's folder; all or, with UnavailableError ``no_room``, none."""
    folder = look_folder(look.key)
    try:
        with writing_files():
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (folder / name).write_bytes(data)
    except UnavailableError:
        for name in files:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        raise


def request_look_at(
    glitch: Glitch, *, by: User | None, version: ModelVersion | None = None, label: str = ""
) -> Look:
    """Ask what a version says of a glitch; a look that is there already is given again.

    ``version`` and ``label`` as in :func:`request_look`. Raises ForbiddenError ``still_in_vote``
    where the answer could lead a vote; LabelingError ``unknown_label``, ``no_active_classifier``;
    UnavailableError ``too_many_looks``.
    """
    check_may_be_told(by, glitch)
    version = _check_asked(version, label)
    with transaction.atomic():
        Glitch.objects.select_for_update(no_key=True).get(pk=glitch.pk)  # two at once make one
        asked = Look.objects.filter(glitch=glitch, model_version=version, label=label)
        known = asked.filter(state__in=LIVE).first()
        if known is not None:
            return known
        _check_few_wait()
        look = Look.objects.create(
            requested_by=by,
            glitch=glitch,
            model_version=version,
            label=label,
            expires_at=timezone.now() + timedelta(hours=settings.LOOK_HOURS),
        )
        jobs.enqueue_on_commit(jobs.LOOK, run_id=look.pk)
        return look


def _check_free(pictures: Any, by: User | None) -> None:
    """The picture of a glitch in vote is on the label page: its copy must not tell the answer."""
    for one in pictures:
        for glitch in copied_glitches(one.sha256, one.info.sketch):
            check_may_be_told(by, glitch)


def check_may_be_told(viewer: User | None, glitch: Glitch) -> None:
    """Raise ForbiddenError ``still_in_vote`` where what is said of the glitch could lead a vote."""
    if may_look_at(viewer, glitch):
        return
    raise ForbiddenError(
        _(
            "Volunteers are asked about this glitch, so nothing is said of it yet: no opinion "
            "should lead another. Try one that is settled."
        ),
        code="still_in_vote",
    )


def _check_asked(version: ModelVersion | None, label: str) -> ModelVersion:
    """The version that is asked, by default the one in use; whether it can answer."""
    version = version or active_version(ModelVersion.Role.CLASSIFIER)
    if version is None:
        raise LabelingError(
            _("There is no classifier yet: it comes with the first training."),
            code="no_active_classifier",
            http_status=409,
        )
    if label and label not in (version.class_list.labels if version.class_list else []):
        raise LabelingError(
            _("%(version)s knows no class %(label)s, so there is nothing to show of it.")
            % {"version": version, "label": label},
            code="unknown_label",
        )
    return version


def _check_few_wait() -> None:
    if Look.objects.filter(state=Run.State.REQUESTED).count() >= MOST_WAITING:
        raise UnavailableError(
            _("Many questions wait already; try again in a few minutes."), code="too_many_looks"
        )


def _name(duration: float, one: CheckedPicture) -> str:
    return f"picture_{duration}.{one.extension}"


def _described(duration: float, one: CheckedPicture) -> dict[str, Any]:
    size = {"width": one.info.width, "height": one.info.height}
    return {"duration": duration, "name": _name(duration, one), **size}


@dataclass(frozen=True)
class Seen:
    """What a worker hands over. ``heat``: duration -> PNG; ``alike``: (glitch id, distance).

    ``no_heat`` and ``no_alike`` say why there is none: :class:`Look.NoHeat`, :class:`Look.NoAlike`.
    """

    model_version: ModelVersion
    probabilities: Sequence[tuple[str, float]]
    novelty: float
    explained: str
    heat: Mapping[float, tuple[bytes, int, int]]
    no_heat: str
    alike: Sequence[tuple[int, float]]
    no_alike: str


def finish_look(look: Look, seen: Seen) -> bool:
    """Store the answer; False where the look was taken from this worker, or deleted.

    Raises UnavailableError ``no_room``.
    """
    heat, drawn = [], {}
    for duration, (data, width, height) in sorted(seen.heat.items()):
        name = f"heat_{duration}.png"
        heat.append({"duration": duration, "name": name, "width": width, "height": height})
        drawn[name] = data
    _keep(look, drawn)
    with transaction.atomic():
        held(look).update(
            model_version=seen.model_version,
            probabilities=[[label, round(share, 5)] for label, share in seen.probabilities],
            novelty=seen.novelty,
            explained=seen.explained,
            heat=heat,
            alike=[[glitch_id, round(distance, 4)] for glitch_id, distance in seen.alike],
            no_heat=seen.no_heat,
            no_alike=seen.no_alike,
        )
        return end_run(look, Run.State.SUCCEEDED)


def delete_expired_looks(now: datetime) -> int:
    """Delete looks whose time is over, and folders whose look is gone; how many rows went."""
    expired = Look.objects.filter(expires_at__lte=now)
    keys = list(expired.values_list("key", flat=True))
    deleted, _rows = expired.delete()
    for key in keys:
        shutil.rmtree(look_folder(key), ignore_errors=True)
    _delete_orphans(now)
    return deleted


def _delete_orphans(now: datetime) -> None:
    """Folders of a request that died between its files and its row."""
    root = Path(settings.LOOKS_FOLDER)
    if not root.is_dir():
        return
    kept = {str(key) for key in Look.objects.values_list("key", flat=True)}
    for folder in root.iterdir():
        age = now.timestamp() - folder.stat().st_mtime
        if folder.name not in kept and age > 3600:
            shutil.rmtree(folder, ignore_errors=True)
