"""What a stranger may see: the front page, the field guide, pictures, health."""

import re

import pytest
from django.db import OperationalError
from django.test import Client

from labeling.models import Picture
from labeling.web import health
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db

PAIR = ("Blip", "Tomte")


def test_the_front_page_of_an_empty_site_says_what_to_do(client):
    page = client.get("/")
    assert page.status_code == 200
    assert b"No glitches yet" in page.content


def test_the_front_page_shows_glitches_without_their_labels(client, taxonomy):
    make_glitch(1, gold_label="Blip", is_simulated=True)
    page = client.get("/").content.decode()
    assert "/thumbnails/" in page
    assert "simulated" in page
    assert "Blip" not in page


def test_the_field_guide_shows_each_class_with_twins_and_examples(client, taxonomy):
    make_glitch(1, gold_label="Blip")
    page = client.get("/classes/").content.decode()
    assert page.count('<article class="entry"') == 22
    blip, tomte = (page.split(f'id="{label}"')[1].split("</article>")[0] for label in PAIR)
    assert "/thumbnails/" in blip.split("Easily taken for")[0]
    assert 'href="#Tomte"' in blip.split("Easily taken for")[1]
    # Its picture stands also beside its name where it is the twin.
    assert re.search(r'href="#Blip"><img[^>]*/thumbnails/', tomte)
    assert "No example yet" in page


def test_the_field_guide_takes_few_queries(client, taxonomy, django_assert_max_num_queries):
    for number in range(4):
        make_glitch(number, gold_label="Blip")
    with django_assert_max_num_queries(6):
        client.get("/classes/")


def test_pictures_are_kept_for_ever_by_their_content(client, taxonomy):
    make_glitch(1)
    picture = Picture.objects.get()
    address = f"/pictures/{picture.sha256}.png"
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert "immutable" in answer["Cache-Control"]
    assert b"".join(answer.streaming_content).startswith(b"\x89PNG")
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_thumbnails_are_small_webp_files(client, taxonomy):
    make_glitch(1)
    answer = client.get(f"/thumbnails/{Picture.objects.get().sha256}.png")
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "image/webp"
    assert content[8:12] == b"WEBP"


@pytest.mark.parametrize(
    "address",
    [
        "/pictures/" + "0" * 64 + ".png",  # well named, not there
        "/thumbnails/" + "0" * 64 + ".png",
        "/pictures/" + "0" * 64 + ".py",
        "/pictures/" + "0" * 63 + ".png",
        "/pictures/" + "A" * 64 + ".png",
        "/pictures/../settings.py",
        "/pictures/%2e%2e%2fsettings.py",
        "/nowhere/",
    ],
)
def test_anything_else_is_a_friendly_404(client, address):
    page = client.get(address)
    assert page.status_code == 404
    assert b"nothing at this address" in page.content


def test_health_is_good_while_database_and_cache_answer(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "database": "ok", "cache": "ok"}


def test_health_names_what_is_down(client, monkeypatch):
    class Down:
        def cursor(self):
            raise OperationalError("gone")

    monkeypatch.setattr(health, "connection", Down())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"].startswith("down")
    assert answer.json()["cache"] == "ok"


def test_health_names_a_cache_that_is_down(client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert client.get("/healthz").json()["cache"].startswith("down")


def test_a_database_that_is_down_is_a_page_that_says_so(client, monkeypatch):
    def gone():
        raise OperationalError("gone")

    monkeypatch.setattr("labeling.web.home.front_page", gone)
    page = client.get("/")
    assert page.status_code == 503
    assert page["Retry-After"] == "5"
    assert b"Nothing is lost" in page.content


def test_a_fault_of_ours_is_a_page_without_a_trace(monkeypatch):
    def broken():
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("labeling.web.home.front_page", broken)
    page = Client(raise_request_exception=False).get("/")
    assert page.status_code == 500
    assert b"Something broke on our side" in page.content
    assert b"secret" not in page.content


def test_a_page_may_load_only_our_own_files(client):
    page = client.get("/log-in/")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert page["X-Content-Type-Options"] == "nosniff"
    assert not re.search(rb"<script(?![^>]*src=)|style=|https?://", page.content)
