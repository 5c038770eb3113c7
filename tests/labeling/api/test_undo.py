"""POST votes/undo: the glitch lent anew, or the reason why not."""

import uuid

from tests.conftest import make_glitch
from tests.labeling.api.conftest import refusal


def vote(volunteer) -> int:
    assignment = volunteer.get("/api/v1/next").json()["assignments"][0]["id"]
    answer = {"assignment": assignment, "label": "Blip", "idempotency_key": str(uuid.uuid4())}
    assert volunteer.post("/api/v1/votes", answer).status_code == 201
    return assignment


def test_the_glitch_comes_back(volunteer):
    make_glitch(1)
    first = vote(volunteer)
    answer = volunteer.post("/api/v1/votes/undo", {"assignment": first})
    lent = answer.json()["assignment"]
    assert (answer.status_code, lent["glitch"]["gravityspy_id"]) == (200, "0000000001")
    assert lent["id"] != first
    assert volunteer.get("/api/v1/me").json()["votes_cast"] == 0


def test_a_copy_of_the_request_that_comes_after_the_new_vote(volunteer):
    make_glitch(1)
    first = {"assignment": vote(volunteer)}
    address = "/api/v1/votes/undo"
    assert volunteer.post(address, first).status_code == 200
    vote(volunteer)
    assert refusal(volunteer.post(address, first)) == (409, "undo_done")
    assert volunteer.get("/api/v1/me").json()["votes_cast"] == 1


def test_refusals(volunteer, anonymous, pipeline):
    make_glitch(1, gold_label="Blip")
    volunteer.user.level = 5  # who can still rise is served gold alone
    volunteer.user.save()
    gold = {"assignment": vote(volunteer)}
    address = "/api/v1/votes/undo"
    assert refusal(volunteer.post(address, gold)) == (409, "undo_gold")
    assert refusal(volunteer.post(address, {"assignment": 99999})) == (404, "no_vote")
    assert refusal(volunteer.post(address, {})) == (400, "invalid")
    assert anonymous.post(address, gold).status_code == 401
    assert pipeline.post(address, gold).status_code == 403
