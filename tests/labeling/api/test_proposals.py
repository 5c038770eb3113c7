"""Proposals: seen and decided by a reviewer."""

import pytest

from labeling.models import Batch, BatchGlitch, GlitchClass, GoldLabel, Proposal
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_proposal, make_proposal_with_decoys, refusal

pytestmark = pytest.mark.django_db
PROPOSALS = "/api/v1/proposals"


def decide(client, proposal, decision, **more):
    return client.post(f"{PROPOSALS}/{proposal.pk}/decide", {"decision": decision} | more)


def confirm(proposal, count):
    """The volunteers' votes are in: so many of the glitches asked about were confirmed."""
    asked = BatchGlitch.objects.exclude(part="decoy").order_by("pk")
    for place, glitch in enumerate(asked):
        glitch.confirmed, glitch.decided_at = place < count, "2020-01-01T00:00Z"
        glitch.save()
    Batch.objects.filter(proposal=proposal).update(state=Batch.State.CLOSED)


def test_a_proposal_shows_what_a_reviewer_needs(reviewer, taxonomy):
    proposal = make_proposal(make_glitch(1), make_glitch(2), counts_by_ifo={"H1": 2})
    (row,) = reviewer.get(PROPOSALS).json()["results"]
    got = reviewer.get(f"{PROPOSALS}/{proposal.pk}").json()
    assert {key: got[key] for key in row} == row
    assert (got["state"], got["size"], got["cohesion"], got["stability"]) == (
        "proposed",
        2,
        0.8,
        0.9,
    )
    assert (got["nearest_class"], got["nearest_distance"]) == ("Blip", 1.5)
    assert got["evidence"]
    assert got["batch"] is None
    assert [(m["gravityspy_id"], m["distance"], m["is_medoid"]) for m in got["members"]] == [
        ("0000000001", 0.0, True),
        ("0000000002", 0.1, False),
    ]
    assert got["members"][1]["part"] is None
    assert got["members"][1]["pictures"][0]["duration"] == 4.0
    assert [m["gravityspy_id"] for m in got["medoids"]] == ["0000000001"]


def test_the_list_is_narrowed_and_pinned(reviewer, taxonomy, django_assert_num_queries):
    for number in (1, 11, 21):
        make_proposal(make_glitch(number), make_glitch(number + 1))
    decide(reviewer, Proposal.objects.first(), "reject", reason="loose")
    # Token, proposals, medoids, their pictures; no batch, so none is asked for.
    with django_assert_num_queries(4):
        assert len(reviewer.get(PROPOSALS).json()["results"]) == 3
    rejected = reviewer.get(PROPOSALS, {"state": "rejected"}).json()["results"]
    assert [p["state"] for p in rejected] == ["rejected"]
    assert refusal(reviewer.get(PROPOSALS, {"state": "lost"})) == (400, "invalid")


def test_a_vote_is_opened_with_decoys_that_are_no_members(reviewer, taxonomy):
    proposal = make_proposal_with_decoys()
    got = decide(reviewer, proposal, "vote", name="Fast scattering", reason="arches").json()
    assert (got["state"], got["name"]) == ("in_vote", "Fast_scattering")
    # The medoid is settled from the start: its picture stands beside the question.
    assert (got["batch"]["total"], got["batch"]["decided"], got["batch"]["open"]) == (6, 1, 5)
    parts = [(m["part"], m["distance"] is None) for m in got["members"]]
    assert parts == [("member", False)] * 6 + [("decoy", True)] * 3
    event = got["events"][-1]
    assert (event["from_state"], event["to_state"]) == ("proposed", "in_vote")
    assert (event["by"], event["by_is_simulated"], event["reason"]) == ("rita", False, "arches")


def test_a_class_is_born(reviewer, taxonomy):
    proposal = make_proposal_with_decoys()
    decide(reviewer, proposal, "vote", name="Fast_Scattering")
    confirm(proposal, 5)
    got = decide(reviewer, proposal, "accept", reason="5 of 6").json()
    assert (got["state"], got["born_class"]) == ("accepted", "Fast_Scattering")
    assert got["batch"]["confirmed"] == 5
    born = GlitchClass.objects.get(label="Fast_Scattering")
    assert GoldLabel.objects.filter(glitch_class=born, origin="batch").count() == 5
    labels = [c["label"] for c in reviewer.get("/api/v1/classes").json()]
    assert "Fast_Scattering" in labels


def test_two_are_merged_and_one_is_renamed(reviewer, taxonomy):
    one, two = make_proposal(make_glitch(1)), make_proposal(make_glitch(2))
    got = decide(reviewer, one, "merge", into=two.pk).json()
    assert (got["state"], got["merged_into"]) == ("merged", two.pk)
    got = decide(reviewer, two, "rename", name="Arch").json()
    assert (got["name"], got["size"], got["state"]) == ("Arch", 2, "proposed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"decision": "ponder"}, 400, "invalid"),
        ({}, 400, "invalid"),
        ({"decision": "vote"}, 400, "bad_class_name"),
        ({"decision": "vote", "name": "<b>"}, 400, "bad_class_name"),
        ({"decision": "vote", "name": "blip"}, 409, "class_exists"),
        ({"decision": "reject"}, 400, "reason_missing"),
        ({"decision": "merge", "into": 10**30}, 404, "not_found"),
        ({"decision": "merge"}, 404, "not_found"),
        ({"decision": "accept"}, 409, "proposal_state"),
    ],
)
def test_a_bad_decision_is_refused_and_changes_nothing(reviewer, taxonomy, body, status, code):
    proposal = make_proposal(make_glitch(1))
    response = reviewer.post(f"{PROPOSALS}/{proposal.pk}/decide", body)
    assert refusal(response) == (status, code)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.events.count()) == ("proposed", 0)


def test_what_is_decided_stays_decided(reviewer, taxonomy):
    proposal = make_proposal_with_decoys()
    decide(reviewer, proposal, "vote", name="Arch")
    assert refusal(decide(reviewer, proposal, "accept")) == (409, "batch_open")
    confirm(proposal, 2)
    assert refusal(decide(reviewer, proposal, "accept")) == (400, "too_few_confirmed")
    decide(reviewer, proposal, "reject", reason="too few")
    assert refusal(decide(reviewer, proposal, "vote", name="Arch")) == (409, "proposal_state")
    assert refusal(decide(reviewer, proposal, "rename", name="Arc")) == (409, "proposal_state")
    assert not GlitchClass.objects.filter(label="Arch").exists()
