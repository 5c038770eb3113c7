"""What is this glitch? Pictures or a glitch in, classes, look-alikes and a heat map out."""

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.models import Glitch, Look, User
from labeling.models.runs import Run
from labeling.selectors.looks import find_look, render_look
from labeling.selectors.talk import find_shown_glitch
from labeling.services.looks import (
    check_may_be_told,
    look_folder,
    request_look,
    request_look_at,
)
from labeling.throttles import throttled
from labeling.web.pictures import TYPES
from ml.pictures import DURATIONS, MAX_BYTES, PictureError, parse_picture_name

FIELDS = {f"picture_{duration}": duration for duration in DURATIONS}
_FILE = re.compile(r"(picture|heat)_[0-9.]+\.(png|jpg)")
SLOW = timedelta(seconds=20)
_ID = re.compile(r"[A-Za-z0-9.]{1,32}")


def what_is_this(request: HttpRequest) -> HttpResponseBase:
    return _ask(request) if request.method == "POST" else _form(request, None)


@never_cache
@require_safe
def _form(request: HttpRequest, refusal: LabelingError | None) -> HttpResponse:
    return _page(request, refusal)


@throttled("look")
@require_POST
def _ask(request: HttpRequest) -> HttpResponse:
    """A refusal comes back on the form itself, with what to do."""
    by = _viewer(request)
    glitch = request.POST.get("glitch", "").strip()
    try:
        if glitch:
            look = request_look_at(_find(glitch), by=by)
        else:
            look = request_look(_pictures(request), by=by)
    except LabelingError as refusal:
        return _page(request, refusal)
    return redirect("look", look.key)


def _viewer(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _page(request: HttpRequest, refusal: LabelingError | None) -> HttpResponse:
    context = {
        "durations": DURATIONS,
        "most_mb": MAX_BYTES // 1024**2,
        "hours": settings.LOOK_HOURS,
        "refusal": refusal,
        "glitch": request.POST.get("glitch", request.GET.get("glitch", ""))[:32],
    }
    status = refusal.http_status if refusal else 200
    return render(request, "pages/what_is_this.html", context, status=status)


def _find(gravityspy_id: str) -> Glitch:
    if not _ID.fullmatch(gravityspy_id):
        raise LabelingError(
            _("A glitch's id has letters, digits and points only; copy it from its page."),
            code="bad_id",
        )
    return find_shown_glitch(gravityspy_id)


def _pictures(request: HttpRequest) -> dict[float, bytes]:
    pictures = {}
    for field, duration in FIELDS.items():
        file = request.FILES.get(field)
        if isinstance(file, UploadedFile):
            _check_place(file.name or "", duration)
            pictures[duration] = file.read(MAX_BYTES + 1)  # one byte too many is told by the check
    _check_different(pictures)
    return pictures


def _check_different(pictures: Mapping[float, bytes]) -> None:
    """Refuse a file that was chosen twice: what it shows has one duration."""
    for one, other in combinations(pictures, 2):
        if pictures[one] == pictures[other]:
            raise LabelingError(
                _(
                    "The pictures of %(one)s s and of %(other)s s are the same file: choose it "
                    "once, by the seconds that it shows. One picture is enough."
                )
                % {"one": f"{one:g}", "other": f"{other:g}"},
                code="same_picture",
            )


def _check_place(name: str, duration: float) -> None:
    """Refuse a file whose name says that it shows another duration; other names say nothing."""
    try:
        named = parse_picture_name(name).duration
    except PictureError:
        return
    if named != duration:
        raise LabelingError(
            _(
                "%(name)s is the picture of %(named)s s by its name, and was chosen as that of "
                "%(duration)s s: choose it in its own place."
            )
            % {"name": name, "named": named, "duration": duration},
            code="wrong_duration",
        )


@never_cache
@vary_on_headers("HX-Request")
@require_safe
def look(request: HttpRequest, key: UUID) -> HttpResponse:
    found = find_look(key)
    if found.glitch is not None:  # which may be in a vote again
        check_may_be_told(_viewer(request), found.glitch)
    template = "fragments/look.html" if request.headers.get("HX-Request") else "pages/look.html"
    return render(request, template, render_look(found) | {"slow": _is_slow(found)})


def _is_slow(found: Look) -> bool:
    """Whether nobody has taken the question up for long: its worker is busy or down."""
    age = timezone.now() - found.created_at
    return found.state == Run.State.REQUESTED and age > SLOW


@require_safe
def look_file(request: HttpRequest, key: UUID, name: str) -> HttpResponseBase:
    """A picture or heat map of a look; its key is the permission."""
    if not _FILE.fullmatch(name):
        raise Http404(_("There is no such picture."))
    path = look_folder(key) / name
    if not path.is_file():
        raise Http404(_("There is no such picture any more."))
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(
        path.open("rb"), content_type=TYPES[name.rpartition(".")[2]], headers=headers
    )
