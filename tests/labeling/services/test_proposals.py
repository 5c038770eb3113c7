"""A proposal's life, a batch's votes, and the birth of a class."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.errors import LabelingError, from_integrity_error
from labeling.models import (
    Batch,
    BatchGlitch,
    DiscoveryRun,
    Embedding,
    Glitch,
    GlitchClass,
    GoldLabel,
    ModelVersion,
    Proposal,
    ProposalMember,
    TrainingRequest,
    Workflow,
)
from labeling.services.assignments import next_assignments
from labeling.services.batches import close_batch_if_decided
from labeling.services.discovery import Discovered, Found, finish_discovery, request_discovery
from labeling.services.gold import add_gold_label
from labeling.services.proposals import (
    accept_for_vote,
    accept_proposal,
    close_vote,
    merge_proposal,
    reject_proposal,
    rename_proposal,
)
from labeling.services.retraining import start_if_due
from labeling.services.runs import claim_run
from labeling.services.versions import activate_version
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, write_weights

pytestmark = pytest.mark.django_db


def make_proposal(glitches, **fields):
    run = DiscoveryRun.objects.create(state="succeeded")
    proposal = Proposal.objects.create(
        discovery_run=run, method="kmeans", cohesion=0.8, stability=0.9, evidence="tight", **fields
    )
    for number, glitch in enumerate(glitches):
        ProposalMember.objects.create(
            proposal=proposal, glitch=glitch, distance=0.1 * number, is_medoid=number == 0
        )
    return proposal


@pytest.fixture
def proposal(taxonomy):
    for number in range(10, 22):
        make_glitch(number, gold_label="Blip" if number % 2 else "Tomte")
    return make_proposal([make_glitch(number) for number in range(8)])


@pytest.mark.parametrize(
    ("name", "code"),
    [("blip", "class_exists"), ("?", "bad_class_name"), ("../x", "bad_class_name")],
)
def test_a_class_needs_a_name_of_its_own(proposal, name, code):
    with pytest.raises(LabelingError) as refusal:
        accept_for_vote(proposal.pk, name=name, by=None)
    assert refusal.value.code == code
    proposal.refresh_from_db()
    assert proposal.state == "proposed"


def test_two_proposals_cannot_be_in_vote_under_one_name(proposal):
    accept_for_vote(proposal.pk, name="Crown", by=None)
    other = make_proposal([make_glitch(90)])
    with pytest.raises(LabelingError) as refusal:
        accept_for_vote(other.pk, name="crown", by=None)
    assert refusal.value.code == "name_in_vote"


def test_a_rejection_needs_a_reason_and_is_final(proposal):
    with pytest.raises(LabelingError, match="why"):
        reject_proposal(proposal.pk, by=None, reason=" ")
    reject_proposal(proposal.pk, by=None, reason="two kinds at once")
    with pytest.raises(LabelingError) as refusal:
        accept_for_vote(proposal.pk, name="Crown", by=None)
    assert refusal.value.code == "proposal_state"


def test_the_database_itself_forbids_other_arrows(proposal):
    with pytest.raises(IntegrityError) as fault, transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(state="accepted")
    assert from_integrity_error(fault.value).code == "proposal_state"


def test_a_merged_proposal_hands_its_members_over(proposal):
    other = make_proposal([make_glitch(90), proposal.members.first().glitch])
    target = merge_proposal(other.pk, into=proposal.pk, by=None)
    other.refresh_from_db()
    assert target.members.count() == 9
    assert (other.state, other.merged_into) == ("merged", proposal)
    assert other.events.last().to_state == "merged"


def test_a_renamed_proposal_keeps_its_state(proposal):
    assert rename_proposal(proposal.pk, name="Two words", by=None).name == "Two_words"


def answer_batch(truth):
    """Volunteers answer all that the batch asks; ``truth`` tells the members that belong."""
    for name in "abcdefgh":
        volunteer = make_volunteer(f"volunteer-{name}", level=6, gold_seen=50, gold_correct=48)
        for seed in range(60):
            found = next_assignments(volunteer, rng=np.random.default_rng(seed))
            if not found:
                break
            assignment = found[0]
            answer = {"label": "Blip"}
            if assignment.stream == "batch":
                answer = {"alike": assignment.glitch_id in truth}
            record_vote(volunteer, assignment.pk, idempotency_key=uuid.uuid4(), **answer)


def test_a_class_is_born_of_the_members_that_volunteers_confirmed(proposal):
    accept_for_vote(proposal.pk, name="Crown", by=None)
    batch = Batch.objects.get()
    members = list(proposal.members.values_list("glitch_id", flat=True))
    assert not close_batch_if_decided(batch.pk)
    with pytest.raises(LabelingError) as refusal:
        accept_proposal(proposal.pk, by=None)
    assert refusal.value.code == "batch_open"

    answer_batch(truth=set(members[:6]))
    assert close_batch_if_decided(batch.pk)
    assert not close_batch_if_decided(batch.pk)
    decoys = batch.batch_glitches.filter(part=BatchGlitch.Part.DECOY)
    assert decoys.count() == 3
    assert not decoys.filter(confirmed=True).exists()

    born = accept_proposal(proposal.pk, by=None, description="Five peaks in a row.")
    assert born.description == "Five peaks in a row."
    gold = GoldLabel.objects.filter(glitch_class=born)
    assert set(gold.values_list("glitch_id", flat=True)) == set(members[:6])
    assert {"train", "test"} <= set(gold.values_list("split", flat=True))
    levels = Workflow.objects.filter(classes=born).values_list("level", flat=True)
    assert sorted(levels) == [5, 6]
    request = TrainingRequest.objects.get()
    assert request.reasons == {"new_class": "a class was born: Crown"}
    soon = request.created_at + timedelta(seconds=30)  # other reasons wait ten minutes
    assert start_if_due(soon).reason == "a class was born: Crown"


def test_a_vote_that_nobody_is_left_to_finish_can_be_closed(proposal):
    accept_for_vote(proposal.pk, name="Crown", by=None)
    close_vote(proposal.pk, by=None, reason="the crowd is small")
    batch = Batch.objects.get()
    assert batch.state == "closed"
    assert [p.confirmed for p in batch.batch_glitches.filter(part="member")].count(True) == 1
    with pytest.raises(LabelingError) as refusal:
        close_vote(proposal.pk, by=None)
    assert refusal.value.code == "batch_closed"


def test_a_member_that_became_gold_is_neither_asked_about_nor_relabeled(proposal):
    labeled = proposal.members.last().glitch
    add_gold_label(labeled, GlitchClass.objects.get(label="Blip"), by=None)
    accept_for_vote(proposal.pk, name="Crown", by=None)
    members = list(proposal.members.values_list("glitch_id", flat=True))
    assert not Batch.objects.get().batch_glitches.filter(glitch=labeled).exists()
    answer_batch(truth=set(members))
    close_batch_if_decided(Batch.objects.get().pk)
    born = accept_proposal(proposal.pk, by=None)
    assert GoldLabel.objects.filter(glitch_class=born).count() == 7
    assert GoldLabel.objects.get(glitch=labeled).glitch_class.label == "Blip"


def test_neighbours_are_what_no_other_proposal_claims(taxonomy):
    for number in range(40, 52):
        make_glitch(number, gold_label="Blip")
    pool = [make_glitch(number) for number in range(20)]
    for glitch in pool:
        glitch.retired_at = timezone.now()
        glitch.retire_reason = Glitch.RetireReason.CLASSIFICATION_COUNT
        glitch.save()
    first, second = run_discovery(pool, [pool[:8], pool[8:16]])
    accept_for_vote(first.pk, name="Crown", by=None, description=" Five peaks. ")
    assert Proposal.objects.get(pk=first.pk).description == "Five peaks."
    accept_for_vote(second.pk, name="Dove", by=None)
    parts = {
        batch.proposal_id: {
            part: set(batch.batch_glitches.filter(part=part).values_list("glitch_id", flat=True))
            for part in ("member", "neighbour")
        }
        for batch in Batch.objects.all()
    }
    assert parts[first.pk]["member"] == {g.pk for g in pool[:8]}
    assert parts[second.pk]["member"] == {g.pk for g in pool[8:16]}
    assert parts[first.pk]["neighbour"] == {g.pk for g in pool[16:]}


def test_too_few_confirmed_members_make_no_class(proposal):
    accept_for_vote(proposal.pk, name="Crown", by=None)
    answer_batch(truth=set())
    close_batch_if_decided(Batch.objects.get().pk)
    with pytest.raises(LabelingError) as refusal:
        accept_proposal(proposal.pk, by=None)
    assert refusal.value.code == "too_few_confirmed"
    assert not GlitchClass.objects.filter(label="Crown").exists()


def found(glitches):
    return Found(
        method="hdbscan",
        distances={g.pk: 0.1 for g in glitches},
        medoids=[glitches[0].pk],
        cohesion=0.7,
        stability=1.0,
        nearest_label="Blip",
        nearest_distance=2.0,
        evidence="tight",
    )


def discovered(glitches, clusters):
    vectors = {g.pk: [float(g.pk)] * 200 for g in glitches}
    sha256 = write_weights("embedding.npz")
    return Discovered(
        "embedding.npz", sha256, [], "pca", "best", vectors, [found(c) for c in clusters]
    )


def run_discovery(glitches, clusters):
    run = claim_run(DiscoveryRun, DiscoveryRun.objects.create().pk, "w")
    return finish_discovery(run, discovered(glitches, clusters))


def test_discovery_stores_vectors_and_proposals_at_once(taxonomy):
    glitches = [make_glitch(number, event_time=1.2e9 + number) for number in range(6)]
    proposals = run_discovery(glitches, [glitches[:5]])
    assert [p.members.count() for p in proposals] == [5]
    assert (proposals[0].first_seen, proposals[0].last_seen) == (1.2e9, 1.2e9 + 4)
    assert proposals[0].counts_by_ifo == {"H1": 5}
    assert ModelVersion.objects.get(role="embedding").state == "active"


def test_vectors_are_kept_of_what_is_used_or_waits_for_its_batch(taxonomy):
    """Of four searches: the last, the one before it, and the first, whose proposal is undecided."""
    glitches = [make_glitch(number) for number in range(12)]
    run_discovery(glitches, [glitches[:5]])
    for _ in range(3):
        run_discovery(glitches, [])
    kept = Embedding.objects.values_list("model_version__number", flat=True).distinct()
    assert sorted(kept) == [1, 3, 4]
    with pytest.raises(LabelingError, match="Search for new classes") as refusal:
        activate_version("embedding", 2, by=None)
    assert refusal.value.code == "vectors_deleted"
    assert activate_version("embedding", 3, by=None).state == "active"


def test_a_rejected_cluster_comes_back_only_with_new_evidence(taxonomy):
    glitches = [make_glitch(number) for number in range(12)]
    first = run_discovery(glitches, [glitches[:6]])[0]
    reject_proposal(first.pk, by=None, reason="noise")
    assert run_discovery(glitches, [glitches[:7]]) == []
    assert len(run_discovery(glitches, [glitches[:10]])) == 1


def test_discovery_without_a_classifier_says_so(taxonomy):
    with pytest.raises(LabelingError) as refusal:
        request_discovery(None, "early")
    assert refusal.value.code == "no_active_classifier"
