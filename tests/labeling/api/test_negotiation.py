"""The format of an answer: as DRF chooses it, whoever asks."""

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from labeling.api.negotiation import ShortNegotiation
from tests.conftest import make_volunteer


class CSVRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"


ASKED = [
    ({"HTTP_ACCEPT": "application/json"}, {}),
    ({"HTTP_ACCEPT": "application/json; indent=4"}, {}),
    ({"HTTP_ACCEPT": "text/csv"}, {}),
    ({"HTTP_ACCEPT": "text/csv, application/json;q=0.5"}, {}),
    ({"HTTP_ACCEPT": "*/*"}, {"format": "csv"}),
    ({"HTTP_ACCEPT": "*/*"}, {}),
    ({}, {}),
]


@pytest.mark.parametrize(("headers", "query"), ASKED)
def test_the_format_is_the_one_that_drf_chooses(headers, query):
    renderers = [JSONRenderer(), CSVRenderer()]
    request = Request(APIRequestFactory().get("/", query, **headers))
    chosen = ShortNegotiation().select_renderer(request, renderers)
    assert chosen == DefaultContentNegotiation().select_renderer(request, renderers)


def test_a_query_that_names_another_format_is_not_passed_over():
    accept_json = {"HTTP_ACCEPT": "application/json"}
    request = Request(APIRequestFactory().get("/", {"format": "csv"}, **accept_json))
    with pytest.raises(NotAcceptable):
        ShortNegotiation().select_renderer(request, [JSONRenderer(), CSVRenderer()])


@pytest.mark.django_db
def test_what_a_view_does_not_give_is_refused():
    page = APIClient()
    page.force_login(make_volunteer("page"))
    assert page.get("/api/v1/next", HTTP_ACCEPT="application/json").status_code == 200
    assert page.get("/api/v1/next", HTTP_ACCEPT="image/png").status_code == 406
