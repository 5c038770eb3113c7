"""The unlabeled glitches that a training learns from besides: chosen once, for all its attempts."""

import pytest

from labeling.models import Glitch, Picture
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.training import request_training
from labeling.services.training_sets import freeze_training_set
from tests.workers.test_training import FAST, drawn, import_two_classes
from workers.training import unlabeled_for

pytestmark = pytest.mark.django_db


def test_unlabeled_glitches_are_those_of_before_the_run_without_a_label():
    import_two_classes()
    gold = NewGlitch("0000000050", "H1", {4.0: drawn("Blip", 50)}, gold_label="Whistle")
    import_glitch(gold, by=None)  # of a class with too few labels: nothing to learn from
    for glitch, digest in zip(Glitch.objects.filter(gold_labels=None), "05bcf", strict=False):
        Glitch.objects.filter(pk=glitch.pk).update(content_digest=digest * 64)
    run = request_training(None, "x", {"unlabeled": 5}, recipe="nota-few")
    freeze_training_set(run)
    run.refresh_from_db()
    import_glitch(
        NewGlitch(gravityspy_id="later00000", ifo="H1", pictures={4.0: drawn("Blip", 99)}), by=None
    )
    found = unlabeled_for(run)
    without_label = Glitch.objects.filter(gold_labels=None, created_at__lt=run.created_at)
    # Of the four the last begins with c: of that quarter gold to come is tested on.
    learned = without_label.exclude(content_digest__startswith="c").order_by("content_digest")
    assert [int(one.glitch_id) for one in found] == list(learned.values_list("pk", flat=True))
    assert len(found) == 3
    Glitch.objects.exclude(gold_labels=None).update(content_digest="0" * 64)
    Picture.objects.filter(glitch_id=found[1].glitch_id).delete()
    freeze_training_set(run)  # taken up again
    run.refresh_from_db()
    assert [one.glitch_id for one in unlabeled_for(run)] == [one.glitch_id for one in found]


def test_where_no_unlabeled_glitches_are_asked_for_there_are_none():
    import_two_classes()
    run = request_training(None, "x", FAST)
    freeze_training_set(run)
    run.refresh_from_db()
    assert (run.unlabeled_ids, unlabeled_for(run)) == ([], [])
