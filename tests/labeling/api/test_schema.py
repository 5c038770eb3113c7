"""The OpenAPI schema: without a warning, and kept by what the API really does."""

import io

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_and_without_warnings(capfd):
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_schema_and_docs_are_served_to_everybody(anonymous):
    assert anonymous.get("/api/v1/schema/").status_code == 200
    page = anonymous.get("/api/v1/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page
