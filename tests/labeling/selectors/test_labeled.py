"""Labels counted by class and split where they lie, and the split of what the crowd agreed on."""

import hashlib

import pytest
from django.db import connection, transaction
from django.utils import timezone

from labeling.models import Consensus, Glitch
from labeling.selectors.labeled import CONSENSUS_SPLIT, count_labels, usable_consensus
from labeling.services.classes import freeze_class_list
from labeling.services.label_issues import request_label_check
from labeling.services.training import request_training
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db


def agree(taxonomy, ids, label="Blip"):
    """Glitches of these ids that the crowd retired as ``label``."""
    made = Glitch.objects.bulk_create(
        Glitch(
            gravityspy_id=key,
            ifo="H1",
            content_digest="0" * 64,
            retired_at=timezone.now(),
            retire_reason="consensus",
            event_time=1e9 + place,
        )
        for place, key in enumerate(ids)
    )
    class_list = freeze_class_list(["Blip", "Whistle"])
    Consensus.objects.bulk_create(
        Consensus(
            glitch=glitch,
            class_list=class_list,
            agreement=[0.9, 0.1],
            top_class=taxonomy[label],
            top_agreement=0.9,
            votes_count=3,
            rule="bayes",
        )
        for glitch in made
    )
    return made


def test_what_the_crowd_agreed_on_is_split_by_the_hash_of_its_id(taxonomy):
    ids = [*"abcdefghijklmnopqrstuvwxyz", "ZyX0123456", "Größe\\n'"]
    agree(taxonomy, ids)
    found = dict(usable_consensus().values_list("glitch__gravityspy_id", CONSENSUS_SPLIT))
    shares = {key: int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32 for key in ids}
    assert found == {key: "validation" if shares[key] < 0.15 else "train" for key in ids}
    assert [key for key in ids if found[key] == "validation"] == [*"dfjnpsu", "ZyX0123456"]


def test_labels_are_counted_by_class_and_split(taxonomy):
    for number, label in enumerate(["Blip"] * 4 + ["Whistle"] + ["None_of_the_Above"]):
        make_glitch(number, label)
    agree(taxonomy, "adf")  # train, validation, validation
    agree(taxonomy, "bj", "Whistle")  # train, validation
    # Not what is reserved, has gold, is retired for another reason, or is of a class of the past.
    gold, reserved, other = agree(taxonomy, ["c", "e", "g"])
    make_glitch(99, "Blip").gold_labels.update(glitch=gold)
    Glitch.objects.filter(pk=reserved.pk).update(is_reserved=True)
    Glitch.objects.filter(pk=other.pk).update(retire_reason="human")
    agree(taxonomy, ["h"], "Tomte")
    taxonomy["Tomte"].valid_to = timezone.now()
    taxonomy["Tomte"].save()
    assert count_labels() == {
        "Blip": {"train": 3 + 1, "validation": 1 + 2, "test": 1},
        "Whistle": {"train": 1 + 1, "validation": 1},
    }
    assert set(count_labels(none_of_the_above=True)) == {"Blip", "Whistle", "None_of_the_Above"}


def rows_fetched(act):
    """How many queries ``act`` makes and how many rows they give."""
    given = []

    def count(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        given.append(context["cursor"].rowcount)
        return result

    with transaction.atomic(), connection.execute_wrapper(count):
        act()
        transaction.set_rollback(True)
    return len(given), sum(given)


def test_what_a_page_or_a_request_reads_does_not_grow_with_the_labels(taxonomy, client):
    for number in range(20):
        make_glitch(number, ("Blip", "Whistle")[number % 2])
    client.force_login(make_volunteer("rosa", role="reviewer"))
    acts = {
        "page": lambda: client.get("/review/training/"),
        "training": lambda: request_training(None, "x"),
        "label check": lambda: request_label_check(None, "x"),
    }
    agree(taxonomy, "ad")
    few = {name: rows_fetched(act) for name, act in acts.items()}
    agree(taxonomy, [f"{number:010d}" for number in range(100, 400)])
    assert {name: rows_fetched(act) for name, act in acts.items()} == few
