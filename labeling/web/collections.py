"""Collections: the own ones, those that others show, and each with its glitches."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeling.selectors.talk import (
    collected_glitches,
    find_collection,
    find_shown_glitch,
    own_collections,
    public_collections,
)
from labeling.services import collections as gathered
from labeling.throttles import throttled
from labeling.web.permissions import account_required, user_of


@never_cache
@account_required
@require_safe
def collections(request: HttpRequest) -> HttpResponse:
    viewer = user_of(request)
    context = {"own": own_collections(viewer), "public": public_collections(viewer)}
    return render(request, "pages/collections.html", context)


@never_cache
@account_required
@require_safe
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = user_of(request)
    found = find_collection(pk, viewer)
    shown, left_out = collected_glitches(found, viewer)
    context = {
        "collection": found,
        "is_own": found.owner_id == viewer.pk,
        "glitches": shown,
        "left_out": left_out,
    }
    return render(request, "pages/collection.html", context)


def _is_public(request: HttpRequest) -> bool:
    return request.POST.get("is_public") == "1"


@throttled("talk")
@account_required
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Make a collection; with a glitch named, that one is its first."""
    owner = user_of(request)
    named = request.POST.get("glitch", "")
    first = find_shown_glitch(named) if named else None
    made = gathered.create_collection(
        owner, request.POST.get("name", ""), is_public=_is_public(request)
    )
    if first is None:
        return redirect("collection", made.pk)
    gathered.put_in_collection(owner, made.pk, first)
    return redirect("glitch", first.gravityspy_id)


@account_required
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    gathered.change_collection(
        user_of(request), pk, name=request.POST.get("name", ""), is_public=_is_public(request)
    )
    return redirect("collection", pk)


@account_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    gathered.delete_collection(user_of(request), pk)
    return redirect("collections")


@throttled("talk")
@account_required
@require_POST
def put(request: HttpRequest, pk: int, gravityspy_id: str) -> HttpResponse:
    gathered.put_in_collection(user_of(request), pk, find_shown_glitch(gravityspy_id))
    return redirect("glitch", gravityspy_id)


@account_required
@require_POST
def take(request: HttpRequest, pk: int, gravityspy_id: str) -> HttpResponse:
    gathered.take_from_collection(user_of(request), pk, find_shown_glitch(gravityspy_id))
    if request.POST.get("back") == "glitch":
        return redirect("glitch", gravityspy_id)
    return redirect("collection", pk)
