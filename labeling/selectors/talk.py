"""Comments and collections, shown to those whom they can no longer lead.

What somebody says of a glitch is an opinion like a vote: nobody sees another's before the own
vote. So a volunteer sees what others say of a glitch only once nothing will be asked about it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import (
    AuditedGlitch,
    Batch,
    BatchGlitch,
    Collection,
    CollectionGlitch,
    Comment,
    Glitch,
    GoldLabel,
    User,
    Vote,
)
from labeling.selectors.assignments import render_reference

UNDO_GRACE_SECONDS = 4  # for the way to the server, beyond what the page counts down
PUBLIC_SHOWN = 60


def undoable_since(now: datetime) -> datetime:
    """Votes cast at or after this moment can still be taken back."""
    return now - timedelta(seconds=settings.UNDO_SECONDS + UNDO_GRACE_SECONDS)


def open_to(viewer: User) -> Q:
    """The glitches of which the viewer may see what others say; for a queryset of Glitch.

    Those voted on for good, and those settled without gold (gold is asked again and again); none
    that an open batch or the random audit may ask about. Reviewers see all.
    """
    if viewer.is_reviewer:
        return Q()
    for_good = Vote.objects.filter(
        glitch=OuterRef("pk"),
        volunteer=viewer,
        batch=None,
        created_at__lt=undoable_since(timezone.now()),
    )
    is_gold = GoldLabel.objects.filter(glitch=OuterRef("pk"))
    settled = Q(~Exists(is_gold), ~in_audit(), retired_at__isnull=False)
    return (Q(Exists(for_good)) | settled) & Q(~in_batch())


def in_batch() -> Exists:
    """Whether an open batch may ask about a glitch."""
    undecided = BatchGlitch.objects.filter(batch__state=Batch.State.OPEN, decided_at=None)
    return Exists(undecided.filter(glitch=OuterRef("pk")))


def in_audit() -> Exists:
    """Whether the random audit asks about a glitch and has no verdict yet."""
    asked = AuditedGlitch.objects.filter(asked_at__isnull=False, found_class=None)
    return Exists(asked.filter(glitch=OuterRef("pk")))


def find_shown_glitch(gravityspy_id: str) -> Glitch:
    """A glitch that people may look at, with its pictures. Raises NotFoundError."""
    shown = Glitch.objects.filter(is_reserved=False).prefetch_related("pictures")
    found = shown.filter(gravityspy_id=gravityspy_id).first()
    if found is None:
        raise NotFoundError(_("There is no glitch %(id)s.") % {"id": gravityspy_id})
    return found


def may_discuss(viewer: User, glitch: Glitch) -> bool:
    return Glitch.objects.filter(open_to(viewer), pk=glitch.pk).exists()


def comments_on(glitch: Glitch, viewer: User) -> QuerySet[Comment]:
    """What the viewer may read: the own remarks always, others' once they can lead no more."""
    comments = Comment.objects.filter(glitch=glitch).select_related("author")
    return comments if may_discuss(viewer, glitch) else comments.filter(author=viewer)


def own_collections(owner: User) -> QuerySet[Collection]:
    """The owner's, favourites first, each with its ``size``."""
    return Collection.objects.filter(owner=owner).annotate(size=Count("places"))


def favourite_ids(owner: User) -> list[str]:
    """The ids of the owner's favourites, the latest first."""
    places = CollectionGlitch.objects.filter(
        collection__owner=owner, collection__is_favourites=True
    )
    return list(places.values_list("glitch__gravityspy_id", flat=True))


def public_collections(viewer: User) -> QuerySet[Collection]:
    """The newest of others that they show to everybody, each with its ``size``."""
    others = Collection.objects.filter(is_public=True).exclude(owner=viewer)
    newest = others.select_related("owner").annotate(size=Count("places"))
    return newest.order_by("-pk")[:PUBLIC_SHOWN]


def find_collection(pk: int, viewer: User) -> Collection:
    """One that the viewer owns or that is public. Raises NotFoundError."""
    seen = Collection.objects.filter(Q(owner=viewer) | Q(is_public=True)).select_related("owner")
    found = seen.filter(pk=pk).first()
    if found is None:
        raise NotFoundError(_("There is no such collection, or its owner keeps it private."))
    return found


def collected_glitches(collection: Collection, viewer: User) -> tuple[list[dict[str, Any]], int]:
    """The glitches to show, the latest first, and how many wait for the viewer's own vote."""
    places = CollectionGlitch.objects.filter(collection=collection)
    kept = Glitch.objects.filter(is_reserved=False)
    if collection.owner_id != viewer.pk:
        kept = kept.filter(open_to(viewer))
    glitches = Prefetch("glitch", queryset=Glitch.objects.prefetch_related("pictures"))
    shown = places.filter(glitch__in=kept).prefetch_related(glitches)
    rendered = [
        {
            **render_reference(place.glitch),
            "ifo": place.glitch.ifo,
            "is_simulated": place.glitch.is_simulated,
        }
        for place in shown
    ]
    return rendered, places.count() - len(rendered)


def collections_holding(glitch: Glitch, owner: User) -> set[int]:
    held = CollectionGlitch.objects.filter(glitch=glitch, collection__owner=owner)
    return set(held.values_list("collection_id", flat=True))
