"""Collections: glitches gathered under a name; favourites are the one that everybody has."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, LabelingError, NotFoundError
from labeling.models import Collection, CollectionGlitch, Glitch, User

FAVOURITES = "Favourites"
COLLECTIONS_MOST = 100  # a person
GLITCHES_MOST = 2000  # a collection


def _name(text: str) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not name or len(name) > 60:
        raise LabelingError(
            _("A collection needs a name of 1 to 60 characters."), code="bad_collection_name"
        )
    return name


def _own(owner: User, pk: int) -> Collection:
    """The owner's collection, locked. Raises NotFoundError ``no_collection``."""
    locked = Collection.objects.select_for_update(no_key=True)
    found = locked.filter(owner=owner, pk=pk).first()
    if found is None:
        raise NotFoundError(_("You have no such collection."), code="no_collection")
    return found


@transaction.atomic
def create_collection(owner: User, name: str, *, is_public: bool = False) -> Collection:
    """Raises LabelingError ``bad_collection_name``, ``too_many_collections``; ConflictError
    ``collection_exists`` by the database's constraint.
    """
    if Collection.objects.filter(owner=owner).count() >= COLLECTIONS_MOST:
        raise LabelingError(
            _("You have %(collections_most)s collections, the most there can be; delete one first.")
            % {"collections_most": COLLECTIONS_MOST},
            code="too_many_collections",
        )
    return Collection.objects.create(owner=owner, name=_name(name), is_public=is_public)


@transaction.atomic
def change_collection(owner: User, pk: int, *, name: str, is_public: bool) -> Collection:
    """Rename, show or hide an own collection."""
    collection = _changeable(owner, pk)
    collection.name, collection.is_public = _name(name), is_public
    collection.save(update_fields=["name", "is_public"])
    return collection


@transaction.atomic
def delete_collection(owner: User, pk: int) -> None:
    _changeable(owner, pk).delete()


def _changeable(owner: User, pk: int) -> Collection:
    collection = _own(owner, pk)
    if collection.is_favourites:
        raise ConflictError(
            _("Favourites keep their name and stay private; make a collection to share."),
            code="favourites_stay",
        )
    return collection


@transaction.atomic
def put_in_collection(owner: User, pk: int, glitch: Glitch) -> None:
    """Raises LabelingError ``collection_full``; a glitch that is there already stays there."""
    collection = _own(owner, pk)
    places = CollectionGlitch.objects.filter(collection=collection)
    if places.filter(glitch=glitch).exists():
        return
    if places.count() >= GLITCHES_MOST:
        raise LabelingError(
            _("“%(name)s” holds %(glitches_most)s glitches, the most there can be.")
            % {"name": collection.name, "glitches_most": GLITCHES_MOST},
            code="collection_full",
        )
    CollectionGlitch.objects.create(collection=collection, glitch=glitch)


@transaction.atomic
def take_from_collection(owner: User, pk: int, glitch: Glitch) -> None:
    CollectionGlitch.objects.filter(collection=_own(owner, pk), glitch=glitch).delete()


def set_favourite(owner: User, glitch: Glitch, *, on: bool) -> None:
    """Mark a glitch as a favourite or unmark it; the same again changes nothing."""
    favourites, _is_new = Collection.objects.get_or_create(
        owner=owner, is_favourites=True, defaults={"name": FAVOURITES}
    )
    if on:
        put_in_collection(owner, favourites.pk, glitch)
    else:
        take_from_collection(owner, favourites.pk, glitch)
