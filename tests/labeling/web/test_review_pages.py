"""Review: who is let in. What the pages do is tested by subject, in the files beside this one."""

import pytest

from tests.conftest import make_volunteer

pytestmark = pytest.mark.django_db

PAGES = [
    "/review/proposals/",
    "/review/discovery/",
    "/review/models/",
    "/review/training/",
    "/review/experts/",
    "/review/audit/",
    "/review/system/",
]
DEEDS = [
    "/review/proposals/search/",
    "/review/proposals/1/decide/",
    "/review/models/classifier/1/activate/",
    "/review/training/start/",
    "/review/training/1/cancel/",
    "/review/training/1/resume/",
    "/review/experts/0000000001/",
]


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    """The broker is not what these tests are about."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)


@pytest.mark.parametrize("address", PAGES)
def test_volunteers_are_refused_and_strangers_sent_to_log_in(client, as_volunteer, address):
    refused = as_volunteer.get(address)
    assert refused.status_code == 403
    assert b"for reviewers" in refused.content
    assert client.get(address)["Location"] == f"/log-in/?next={address}"


@pytest.mark.parametrize("address", DEEDS)
def test_volunteers_can_do_nothing_there(client, as_volunteer, address):
    assert as_volunteer.post(address).status_code == 403
    assert client.post(address)["Location"].startswith("/log-in/")


@pytest.mark.parametrize("address", DEEDS)
def test_nothing_is_done_by_looking(as_reviewer, address):
    assert as_reviewer.get(address).status_code == 405


@pytest.mark.parametrize("address", PAGES)
def test_each_page_opens_on_an_empty_site(as_reviewer, address):
    assert as_reviewer.get(address).status_code == 200


def test_a_pipeline_is_no_reviewer(client, taxonomy):
    client.force_login(make_volunteer("pipe", role="pipeline"))
    assert client.get("/review/proposals/").status_code == 403
