"""A glitch's page, comments and collections, as forms send them."""

import pytest
from django.core.cache import cache
from django.test import Client

from labeling.models import Collection, Comment, Glitch
from labeling.services.collections import create_collection
from labeling.services.comments import add_comment
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db

PAGE = "/glitches/0000000001/"


@pytest.fixture(autouse=True)
def unthrottled():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def glitch(taxonomy) -> Glitch:
    return make_glitch(1, is_simulated=True)


def test_a_comment_is_shown_as_text_never_as_markup(as_volunteer, glitch):
    said = "<script>alert(1)</script> & more"
    answer = as_volunteer.post(f"{PAGE}comment/", {"text": said})
    assert answer["Location"] == PAGE
    page = as_volunteer.get(PAGE).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page


def test_others_read_it_after_their_vote_and_cannot_delete_it(as_volunteer, as_reviewer, glitch):
    comment = add_comment(make_volunteer("ben"), glitch, "looks like a Tomte")
    page = as_volunteer.get(PAGE).content.decode()
    assert "looks like a Tomte" not in page
    assert "appears once your vote is final" in page
    assert as_volunteer.post(f"/comments/{comment.pk}/delete/").status_code == 403
    assert "looks like a Tomte" in as_reviewer.get(PAGE).content.decode()
    assert as_reviewer.post(f"/comments/{comment.pk}/delete/")["Location"] == PAGE
    assert not Comment.objects.exists()


def test_many_comments_come_in_pages_the_latest_first(as_volunteer, glitch, monkeypatch):
    monkeypatch.setattr("labeling.web.glitches.COMMENTS_A_PAGE", 2)
    for said in ("one", "two", "three"):
        as_volunteer.post(f"{PAGE}comment/", {"text": f"said {said}"})

    def shown(address):
        page = as_volunteer.get(address).content.decode()
        return [said for said in ("one", "two", "three") if f"said {said}" in page]

    assert shown(PAGE) == ["three"]
    assert shown(f"{PAGE}?page=1") == ["one", "two"]
    assert shown(f"{PAGE}?page=none") == ["one", "two"]


def test_the_page_tells_neither_gold_nor_consensus(as_volunteer, taxonomy):
    make_glitch(1, gold_label="Blip")
    page = as_volunteer.get(PAGE).content.decode()
    assert "Blip" not in page
    assert "Your vote" not in page


def test_what_is_kept_for_evaluation_has_no_page(as_volunteer, glitch):
    Glitch.objects.update(is_reserved=True)
    assert as_volunteer.get(PAGE).status_code == 404


def test_too_much_said_is_refused_with_a_page(as_volunteer, glitch):
    answer = as_volunteer.post(f"{PAGE}comment/", {"text": "x" * 1001})
    assert answer.status_code == 400
    assert b"1000 are the most" in answer.content


def test_comments_are_throttled(as_volunteer, glitch, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"talk": "2/min"})
    statuses = [
        as_volunteer.post(f"{PAGE}comment/", {"text": str(n)}).status_code for n in range(3)
    ]
    assert statuses == [302, 302, 429]


def test_the_star_and_a_new_collection_with_its_first_glitch(as_volunteer, glitch):
    as_volunteer.post(f"{PAGE}favourite/", {"on": "1"})
    as_volunteer.post("/collections/create/", {"name": "Odd", "glitch": "0000000001"})
    page = as_volunteer.get("/collections/").content.decode()
    assert page.index("Favourites</a>") < page.index("Odd</a>")
    assert page.count("1 glitch") == 2
    odd = Collection.objects.get(name="Odd")
    assert "0000000001" in as_volunteer.get(f"/collections/{odd.pk}/").content.decode()
    as_volunteer.post(f"/collections/{odd.pk}/take/0000000001/", {"back": "glitch"})
    as_volunteer.post(f"{PAGE}favourite/", {"on": "0"})
    assert not Glitch.objects.filter(collection__isnull=False).exists()


def test_private_collections_are_nobody_elses(as_volunteer, taxonomy):
    owner = make_volunteer("owner")
    secret = create_collection(owner, "Secret")
    shown = create_collection(owner, "Shown", is_public=True)
    page = as_volunteer.get("/collections/").content.decode()
    assert "Shown" in page
    assert "Secret" not in page
    assert as_volunteer.get(f"/collections/{secret.pk}/").status_code == 404
    assert b"Change it" not in as_volunteer.get(f"/collections/{shown.pk}/").content


def test_a_name_taken_is_refused_in_words(as_volunteer, volunteer):
    create_collection(volunteer, "Odd")
    answer = as_volunteer.post("/collections/create/", {"name": "ODD"})
    assert answer.status_code == 409
    assert b"choose another name" in answer.content


def test_changes_need_a_post_with_the_token(volunteer, glitch):
    client = Client(enforce_csrf_checks=True)
    client.force_login(volunteer)
    assert client.get(f"{PAGE}comment/").status_code == 405
    assert client.post(f"{PAGE}comment/", {"text": "hi"}).status_code == 403
