"""Comments, collections, favourites: who may do what, and what is refused."""

import pytest
from django.db import IntegrityError

from labeling.errors import LabelingError, from_integrity_error
from labeling.models import AuditEvent, Collection, CollectionGlitch, Comment
from labeling.services import collections as gathered
from labeling.services.comments import add_comment, delete_comment
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def glitch(taxonomy):
    return make_glitch(1)


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(LabelingError) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


@pytest.mark.parametrize(
    ("text", "code"),
    [(" \n ", "comment_empty"), ("x" * 1001, "comment_too_long"), ("a\x00b", "bad_character")],
)
def test_what_is_no_comment(glitch, text, code):
    assert code_of(add_comment, make_volunteer(), glitch, text) == code
    assert not Comment.objects.exists()


def test_a_comment_is_kept_as_said_but_for_the_space_around(glitch):
    said = add_comment(make_volunteer(), glitch, "  <b>Two</b>\r\nlines ")
    assert Comment.objects.get() == said
    assert said.text == "<b>Two</b>\nlines"


def test_author_and_reviewer_delete_and_nobody_else(glitch):
    ada, eve = make_volunteer("ada"), make_volunteer("eve")
    rosa = make_volunteer("rosa", role="reviewer")
    first, second = add_comment(ada, glitch, "one"), add_comment(ada, glitch, "two")
    assert code_of(delete_comment, first.pk, by=eve) == "not_your_comment"
    delete_comment(first.pk, by=ada)
    delete_comment(second.pk, by=rosa)
    assert not Comment.objects.exists()
    assert code_of(delete_comment, second.pk, by=rosa) == "no_comment"
    deeds = AuditEvent.objects.filter(verb="delete_comment").order_by("pk")
    assert [(d.actor.username, d.data["author"]) for d in deeds] == [
        ("ada", "ada"),
        ("rosa", "ada"),
    ]


def test_favourites_are_made_on_first_use_and_stay(glitch):
    ada = make_volunteer()
    for on in (True, True):
        gathered.set_favourite(ada, glitch, on=on)
    favourites = Collection.objects.get(owner=ada)
    assert list(favourites.glitches.all()) == [glitch]
    assert code_of(gathered.delete_collection, ada, favourites.pk) == "favourites_stay"
    gathered.set_favourite(ada, glitch, on=False)
    assert not CollectionGlitch.objects.exists()


def test_only_the_owner_changes_a_collection(glitch):
    ada, eve = make_volunteer("ada"), make_volunteer("eve")
    made = gathered.create_collection(ada, "  Odd   ones ", is_public=True)
    assert made.name == "Odd ones"
    for refused in (
        lambda: gathered.put_in_collection(eve, made.pk, glitch),
        lambda: gathered.take_from_collection(eve, made.pk, glitch),
        lambda: gathered.delete_collection(eve, made.pk),
        lambda: gathered.change_collection(eve, made.pk, name="Mine", is_public=False),
    ):
        assert code_of(refused) == "no_collection"
    gathered.change_collection(ada, made.pk, name="Odd", is_public=False)
    made.refresh_from_db()
    assert (made.name, made.is_public) == ("Odd", False)
    gathered.delete_collection(ada, made.pk)
    assert not Collection.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_collection_needs_a_name(taxonomy, name):
    assert code_of(gathered.create_collection, make_volunteer(), name) == "bad_collection_name"


def test_limits(glitch, monkeypatch):
    monkeypatch.setattr(gathered, "COLLECTIONS_MOST", 1)
    monkeypatch.setattr(gathered, "GLITCHES_MOST", 1)
    ada = make_volunteer()
    made = gathered.create_collection(ada, "One")
    gathered.put_in_collection(ada, made.pk, glitch)
    assert code_of(gathered.create_collection, ada, "Two") == "too_many_collections"
    assert code_of(gathered.put_in_collection, ada, made.pk, make_glitch(2)) == "collection_full"
    gathered.put_in_collection(ada, made.pk, glitch)  # it is there already
    assert [g.pk for g in made.glitches.all()] == [glitch.pk]


def test_names_that_differ_in_capitals_alone_are_one_name(taxonomy):
    ada = make_volunteer()
    gathered.create_collection(ada, "Odd")
    with pytest.raises(IntegrityError) as twice:
        gathered.create_collection(ada, "odd")
    assert from_integrity_error(twice.value).code == "collection_exists"
