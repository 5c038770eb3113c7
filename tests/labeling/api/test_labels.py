"""The export of labels."""

import csv

import pytest

from labeling.models import Consensus, Glitch
from labeling.services.classes import freeze_class_list
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_version, refusal

pytestmark = pytest.mark.django_db
LABELS = "/api/v1/labels.csv"


def settle(number: int, reason: str, taxonomy) -> None:
    glitch = make_glitch(number, event_time=100.0 + number)
    Consensus.objects.create(
        glitch=glitch,
        class_list=freeze_class_list(["Blip"]),
        agreement=[0.98],
        top_class=taxonomy["Blip"],
        top_agreement=0.98,
        votes_count=3,
        rule="bayes",
        model_version=make_version(number),
    )
    Glitch.objects.filter(pk=glitch.pk).update(
        retired_at="2020-01-01T00:00Z", retire_reason=reason, votes_count=3
    )


@pytest.fixture
def labeled(taxonomy):
    make_glitch(1, gold_label="Whistle")
    settle(2, "consensus", taxonomy)
    make_glitch(3)


def rows(client, **query) -> list[dict[str, str]]:
    response = client.get(LABELS, query, HTTP_ACCEPT="text/csv")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(response.getvalue().decode().splitlines()))


def test_settled_glitches_are_exported(pipeline, labeled):
    gold, consensus = rows(pipeline)
    assert gold == {
        "gravityspy_id": "0000000001",
        "ifo": "H1",
        "event_time": "",
        "label": "Whistle",
        "origin": "gold",
        "agreement": "",
        "votes": "0",
        "rule": "",
        "model_version": "",
        "retired_at": "",
        "retire_reason": "",
        "visitor_votes": "0",
    }
    assert consensus == {
        "gravityspy_id": "0000000002",
        "ifo": "H1",
        "event_time": "102.0",
        "label": "Blip",
        "origin": "consensus",
        "agreement": "0.98",
        "votes": "3",
        "rule": "bayes",
        "model_version": "2",
        "retired_at": "2020-01-01T00:00:00+00:00",
        "retire_reason": "consensus",
        "visitor_votes": "0",
    }


@pytest.mark.parametrize(("origin", "found"), [("gold", [1]), ("consensus", [2])])
def test_the_export_is_narrowed_by_origin(pipeline, labeled, origin, found):
    assert [int(row["gravityspy_id"]) for row in rows(pipeline, origin=origin)] == found


def test_without_consensus_there_is_no_label(pipeline, taxonomy):
    settle(2, "classification_count", taxonomy)
    (row,) = rows(pipeline)
    assert (row["label"], row["retire_reason"], row["votes"]) == ("", "classification_count", "3")


def test_an_unknown_origin_is_refused_in_json(pipeline):
    assert refusal(pipeline.get(LABELS, {"origin": "hearsay"})) == (400, "invalid")


def test_nothing_labeled_gives_the_head_alone(pipeline):
    response = pipeline.get(LABELS)
    assert response.streaming
    assert response.getvalue().decode().count("\r\n") == 1
