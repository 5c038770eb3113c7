"""Who may do what: a table of addresses, methods and roles."""

import pytest

from tests.labeling.api.conftest import refusal

pytestmark = pytest.mark.django_db

# Address, method, and what volunteer, reviewer and pipeline get; anonymous users always get 401.
# 400, 404 and 409 mean: let in, and then told what is wrong.
TABLE = [
    ("tokens", "get", 200, 200, 200),
    ("tokens/1", "delete", 404, 404, 404),
    ("me", "get", 200, 200, 200),
    ("next", "get", 200, 200, 403),
    ("next", "post", 200, 200, 403),
    ("votes", "post", 400, 400, 403),
    ("classes", "get", 200, 200, 200),
    ("glitches", "get", 403, 200, 200),
    ("glitches", "post", 403, 400, 400),
    ("glitches/bulk", "post", 403, 400, 400),
    ("glitches/0000000001", "get", 403, 404, 404),
    ("predictions", "get", 403, 200, 200),
    ("model-versions", "get", 403, 200, 200),
    ("model-versions/classifier/1", "get", 403, 404, 404),
    ("model-versions/classifier/1/activate", "post", 403, 404, 403),
    ("model-versions/classifier/1/roll-back", "post", 403, 404, 403),
    ("evaluations", "get", 403, 200, 200),
    ("evaluations", "post", 403, 400, 400),
    ("evaluations/1", "get", 403, 404, 404),
    ("evaluation-runs", "get", 403, 200, 200),
    ("evaluation-runs/1", "get", 403, 404, 404),
    ("evaluation-runs/1/cancel", "post", 403, 404, 404),
    ("shadow-trials", "get", 403, 200, 200),
    ("shadow-trials", "post", 403, 400, 403),
    ("shadow-trials/1", "get", 403, 404, 404),
    ("shadow-trials/1/call-off", "post", 403, 404, 403),
    ("drift-checks", "get", 403, 200, 200),
    ("drift-checks/1", "get", 403, 404, 404),
    ("drift-checks/1/see", "post", 403, 404, 403),
    ("recipes", "get", 403, 200, 200),
    ("training-runs", "get", 403, 200, 200),
    ("training-runs", "post", 403, 400, 400),
    ("training-runs/1", "get", 403, 404, 404),
    ("training-runs/1/cancel", "post", 403, 404, 404),
    ("training-requests", "get", 403, 200, 200),
    ("discovery-runs", "get", 403, 200, 200),
    ("discovery-runs", "post", 403, 400, 400),
    ("discovery-runs/1", "get", 403, 404, 404),
    ("proposals", "get", 403, 200, 200),
    ("proposals/1", "get", 403, 404, 404),
    ("proposals/1/decide", "post", 403, 400, 403),
    ("label-checks", "get", 403, 200, 200),
    ("label-checks", "post", 403, 400, 400),
    ("label-checks/1", "get", 403, 404, 404),
    ("label-checks/1/cancel", "post", 403, 404, 404),
    ("label-issues", "get", 403, 200, 200),
    ("label-issues/1", "get", 403, 404, 404),
    ("label-issues/1/decide", "post", 403, 400, 403),
    ("label-issues/1/undo", "post", 403, 404, 403),
    ("looks", "post", 403, 400, 400),
    ("looks/00000000-0000-4000-8000-000000000000", "get", 403, 404, 404),
    ("labels.csv", "get", 403, 200, 200),
    ("status", "get", 403, 200, 200),
]


def ask(client, method, address):
    upload = method == "post" and address.startswith("glitches")
    options = {"format": "multipart", "data": {}} if upload else {}
    return getattr(client, method)(f"/api/v1/{address}", **options)


@pytest.mark.parametrize(("address", "method", "volunteers", "reviewers", "pipelines"), TABLE)
def test_each_role_may_do_its_own(
    address, method, volunteers, reviewers, pipelines, volunteer, reviewer, pipeline, anonymous
):
    got = [ask(client, method, address) for client in (volunteer, reviewer, pipeline)]
    assert [r.status_code for r in got] == [volunteers, reviewers, pipelines]
    for response in got:
        if response.status_code == 403:
            assert refusal(response) == (403, "wrong_role")
    assert refusal(ask(anonymous, method, address)) == (401, "not_authenticated")


@pytest.mark.parametrize("header", ["Bearer nota_unknown", "Bearer", "Bearer a b"])
def test_a_token_that_is_none_is_refused(anonymous, header):
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    response = anonymous.get("/api/v1/me")
    assert refusal(response) == (401, "bad_token")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_session_needs_the_csrf_token(volunteer, taxonomy):
    from rest_framework.test import APIClient

    page = APIClient(enforce_csrf_checks=True)
    page.force_login(volunteer.user)
    assert page.get("/api/v1/me").status_code == 200
    assert refusal(page.post("/api/v1/votes", {})) == (403, "permission_denied")


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_address_is_refused_in_json(anonymous, method):
    assert refusal(getattr(anonymous, method)("/api/v1/nothing/here")) == (404, "not_found")


def test_a_wrong_method_and_broken_json_are_refused_in_json(volunteer):
    assert refusal(volunteer.put("/api/v1/me")) == (405, "method_not_allowed")
    broken = volunteer.post("/api/v1/votes", "{", content_type="application/json")
    assert refusal(broken) == (400, "parse_error")
