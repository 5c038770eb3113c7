"""In which split trainings have had a glitch: asked at each gold label, however many trainings."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import ModelVersion, TrainingExample, TrainingRun
from labeling.selectors.learned import learned_by, split_learned
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db


def train(runs, glitch, glitch_class, split):
    """So many trainings that had the glitch in this split, and 40 others without a label each."""
    before = TrainingRun.objects.count()
    made = TrainingRun.objects.bulk_create(
        TrainingRun(state="succeeded", unlabeled_ids=list(range(first, first + 40)))
        for first in range(10**6 + 40 * before, 10**6 + 40 * (before + runs), 40)
    )
    TrainingExample.objects.bulk_create(
        TrainingExample(
            run=run, glitch=glitch, glitch_class=glitch_class, split=split, origin="gold"
        )
        for run in made
    )


def pages_read(glitch):
    """Of table and index, by what the answer is asked from, in turn."""
    with CaptureQueriesContext(connection) as asked:
        split_learned(glitch.pk)
    with connection.cursor() as cursor:
        # So small a table is read whole unless that is forbidden; without an index it still is.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE labeling_trainingrun, labeling_trainingexample")
        pages = []
        for one in asked:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {one['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            pages.append(int(re.search(r"shared hit=(\d+)", plan)[1]))
    return pages


def test_it_costs_the_same_after_any_number_of_trainings(taxonomy):
    """A glitch that only chose epochs, which takes every question: no training learned from it."""
    glitch = make_glitch(1)
    train(5, glitch, taxonomy["Blip"], "validation")
    few = pages_read(glitch)
    train(400, glitch, taxonomy["Blip"], "validation")
    many = pages_read(glitch)
    assert split_learned(glitch.pk) == "validation"
    assert len(few) == len(many) == 3
    assert [after - before <= 2 for before, after in zip(few, many, strict=True)] == [True] * 3


def test_a_glitch_of_an_example_is_looked_up_by_one_index():
    """The key's own index went: the one of glitch and split begins with the same column."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'labeling_trainingexample' "
            "AND indexdef LIKE '%(glitch_id%'"
        )
        assert cursor.fetchall() == [("example_split",)]


def version(number, run):
    ModelVersion.objects.create(role="classifier", number=number, training_run=run)


def test_what_an_ensembles_members_learned_it_has_learned(taxonomy):
    """Version 1: glitch 1, and 2 without a label; version 2 averages 1 and 3, and 3 knows 4."""
    glitches = {number: make_glitch(number) for number in range(1, 6)}
    runs = {
        number: TrainingRun.objects.create(state="succeeded", settings=settings)
        for number, settings in ((1, {}), (2, {"members": [1, 3]}), (3, {}))
    }
    runs[1].unlabeled_ids = [glitches[2].pk]
    runs[1].save()
    for number, glitch, split in ((1, 1, "train"), (3, 4, "train"), (3, 5, "validation")):
        TrainingExample.objects.create(
            run=runs[number],
            glitch=glitches[glitch],
            glitch_class=taxonomy["Blip"],
            split=split,
            origin="gold",
        )
    for number, run in runs.items():
        version(number, run)
    keys = {glitch.pk: number for number, glitch in glitches.items()}
    for asked, learned in (([], []), ([1], [1, 2]), ([3], [4]), ([2], [1, 2, 4])):
        assert sorted(keys[pk] for pk in learned_by(asked)) == learned
