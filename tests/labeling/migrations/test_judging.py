"""Versions of before the migration get the way back that their activations tell."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from labeling.models import ModelVersion
from tests.labeling.judging_world import make_classifier

migration = import_module("labeling.migrations.0012_judging")


@pytest.mark.django_db
def test_old_versions_are_chained_by_when_they_went_into_use(taxonomy):
    now = timezone.now()
    for number, state, days_ago in (
        (1, "replaced", 1),  # taken back into use after 2, and replaced by 4
        (2, "replaced", 2),
        (3, "kept_out", None),
        (4, "active", 0),
    ):
        used = None if days_ago is None else now - timedelta(days=days_ago)
        make_classifier(number, state=state, activated_at=used)
    migration.chain_versions(apps, connection.schema_editor())
    chain = dict(ModelVersion.objects.values_list("number", "replaces__number"))
    assert chain == {1: 2, 2: None, 3: None, 4: 1}
    unrouted = ModelVersion.objects.filter(routed_at=None)
    assert list(unrouted.values_list("number", flat=True)) == [3]
