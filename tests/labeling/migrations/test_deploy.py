"""Failures of before the migration become one row each, and ways back that went round end."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from labeling.models import ModelVersion, TaskError
from tests.labeling.judging_world import make_classifier

migration = import_module("labeling.migrations.0020_deploy")


@pytest.mark.django_db
def test_the_same_failures_become_the_last_one_with_their_number():
    (constraint,) = TaskError._meta.constraints
    with connection.schema_editor() as editor:
        editor.remove_constraint(TaskError, constraint)
    for hour, (task, error) in enumerate([("a", "x"), ("a", "y"), ("a", "x"), ("b", "x")]):
        at = datetime(2026, 3, 1, hour, tzinfo=UTC)
        TaskError.objects.create(task=task, error=error, arguments={"n": hour}, at=at)
    with connection.cursor() as cursor:
        cursor.execute(migration.FOLD)
    rows = [
        (row.task, row.error, row.times, row.first_at.hour, row.at.hour, row.arguments)
        for row in TaskError.objects.order_by("at")
    ]
    assert rows == [
        ("a", "y", 1, 1, 1, {"n": 1}),
        ("a", "x", 2, 0, 2, {"n": 2}),
        ("b", "x", 1, 3, 3, {"n": 3}),
    ]
    with connection.schema_editor() as editor:
        editor.add_constraint(TaskError, constraint)


@pytest.mark.django_db
def test_a_way_back_that_went_round_is_cut_before_it_comes_to_a_version_again(taxonomy):
    made = {n: make_classifier(n, "active" if n == 1 else "replaced") for n in (1, 2, 3, 4)}
    for number, before in ((1, 3), (3, 2), (2, 1), (4, 3)):
        ModelVersion.objects.filter(number=number).update(replaces=made[before])
    migration.cut_rings(apps, connection.schema_editor())
    chain = dict(ModelVersion.objects.values_list("number", "replaces__number"))
    assert chain == {1: 3, 3: 2, 2: None, 4: 3}
