"""A glitch's own page: look, comment, keep; what others say comes after the own vote."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeling.models.talk import COMMENT_MOST
from labeling.selectors.looks import may_look_at, somebody_answers
from labeling.selectors.progress import vote_on
from labeling.selectors.talk import (
    collections_holding,
    comments_on,
    find_shown_glitch,
    may_discuss,
    own_collections,
)
from labeling.services.collections import set_favourite
from labeling.services.comments import add_comment, delete_comment
from labeling.throttles import throttled
from labeling.web.permissions import account_required, user_of

COMMENTS_A_PAGE = 50


@never_cache
@login_required
@require_safe
def glitch(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    viewer = user_of(request)
    found = find_shown_glitch(gravityspy_id)
    holding = collections_holding(found, viewer)
    collections = list(own_collections(viewer))
    comments = Paginator(comments_on(found, viewer), COMMENTS_A_PAGE)
    context = {
        "glitch": found,
        "comments": comments.get_page(request.GET.get("page", comments.num_pages)),
        "may_discuss": may_discuss(viewer, found),
        "may_ask": may_look_at(viewer, found) and somebody_answers(),
        "comment_most": COMMENT_MOST,
        "vote": vote_on(found, viewer),
        "collections": collections,
        "holding": holding,
        "is_favourite": any(c.is_favourites and c.pk in holding for c in collections),
    }
    return render(request, "pages/glitch.html", context)


@throttled("talk")
@account_required
@require_POST
def comment(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    add_comment(user_of(request), find_shown_glitch(gravityspy_id), request.POST.get("text", ""))
    return redirect("glitch", gravityspy_id)


@account_required
@require_POST
def uncomment(request: HttpRequest, pk: int) -> HttpResponse:
    found = delete_comment(pk, by=user_of(request))
    return redirect("glitch", found.gravityspy_id)


@account_required
@require_POST
def favourite(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    found = find_shown_glitch(gravityspy_id)
    set_favourite(user_of(request), found, on=request.POST.get("on") == "1")
    return redirect("glitch", gravityspy_id)
