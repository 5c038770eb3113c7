"""A database that is down answers 503 in the one format, and nothing is acknowledged."""

import pytest
from django.db import OperationalError

from labeling.api import votes
from tests.labeling.api.conftest import refusal

pytestmark = pytest.mark.django_db


def test_a_vote_is_not_acknowledged_while_the_database_is_down(volunteer, monkeypatch):
    def down(*args, **kwargs):
        raise OperationalError("could not connect to server: Connection refused")

    monkeypatch.setattr(votes, "record_vote", down)
    body = {"assignment": 1, "label": "Blip", "idempotency_key": "0" * 32}
    response = volunteer.post("/api/v1/votes", body)
    assert refusal(response) == (503, "database_down")
    assert response["Retry-After"] == "5"
