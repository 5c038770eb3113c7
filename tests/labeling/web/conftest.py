import pytest
from django.test import Client

from tests.conftest import make_volunteer


@pytest.fixture
def volunteer(taxonomy):
    return make_volunteer("ada", level=6)


@pytest.fixture
def as_volunteer(volunteer) -> Client:
    client = Client()
    client.force_login(volunteer)
    return client


@pytest.fixture
def as_reviewer(taxonomy) -> Client:
    client = Client()
    client.force_login(make_volunteer("rosa", role="reviewer", level=6))
    return client
