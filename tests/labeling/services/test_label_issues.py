"""Doubtful labels: asked about once, decided by experts, recorded, taken back."""

import threading

import pytest
from django.db import connections
from django.utils import timezone

from labeling.errors import ConflictError, LabelingError
from labeling.models import (
    AuditEvent,
    Consensus,
    Glitch,
    GoldLabel,
    LabelCheck,
    LabelIssue,
    User,
    Vote,
)
from labeling.models.runs import Run
from labeling.selectors.skills import gold_answers_by_class
from labeling.services.cancelling import cancel_label_check
from labeling.services.classes import freeze_class_list, load_gravity_spy
from labeling.services.label_issues import (
    Doubt,
    decide_issue,
    finish_label_check,
    request_label_check,
    undo_issue,
)
from labeling.services.runs import claim_run
from labeling.services.taxonomy import current_taxonomy
from tests.conftest import make_glitch, make_volunteer, teach
from tests.labeling.crowds import at_once, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def rosa(taxonomy):
    return make_volunteer("rosa", role="reviewer")


def agreed(number, label, taxonomy) -> Glitch:
    """A glitch that volunteers agreed on."""
    glitch = make_glitch(number)
    glitch.retired_at, glitch.retire_reason = timezone.now(), Glitch.RetireReason.CONSENSUS
    glitch.save()
    Consensus.objects.create(
        glitch=glitch,
        class_list=freeze_class_list(["Blip", "Tomte"]),
        agreement=[0.95, 0.05],
        top_class=taxonomy[label],
        top_agreement=0.95,
        votes_count=3,
        rule="bayes",
    )
    return glitch


def doubt(glitch, origin="gold", given="Blip", suggested="Tomte") -> Doubt:
    return Doubt(glitch.pk, origin, given, suggested, 0.1, 0.8, 1.0)


def queue(*doubts) -> list[LabelIssue]:
    """What a search leaves behind."""
    run = claim_run(LabelCheck, LabelCheck.objects.create().pk, "here")
    assert finish_label_check(run, 10, doubts)
    return list(LabelIssue.objects.filter(label_check=run).order_by("pk"))


def label_of(glitch) -> str | None:
    return GoldLabel.objects.filter(glitch=glitch).values_list("glitch_class__label", flat=True)[0]


@pytest.mark.parametrize(
    ("answer", "state", "label"),
    [("Tomte", "agreed", "Tomte"), (None, "disagreed", "Blip"), ("Chirp", "relabeled", "Chirp")],
)
def test_a_gold_label_follows_the_expert_and_keeps_its_split(rosa, taxonomy, answer, state, label):
    glitch = make_glitch(1, gold_label="Blip")
    split = GoldLabel.objects.get().split
    (issue,) = queue(doubt(glitch))
    decided = decide_issue(issue.pk, by=rosa, answer=taxonomy.get(answer))
    assert (decided.state, label_of(glitch)) == (state, label)
    assert GoldLabel.objects.get().split == split
    deed = AuditEvent.objects.get(verb="decide_label_issue")
    assert (deed.actor, deed.data["answer"]) == (rosa, label)


def test_naming_the_given_class_is_to_disagree(rosa, taxonomy):
    (issue,) = queue(doubt(make_glitch(1, gold_label="Blip")))
    assert decide_issue(issue.pk, by=rosa, answer=taxonomy["Blip"]).state == "disagreed"


def test_a_wrong_consensus_is_overruled_by_a_gold_label(rosa, taxonomy):
    glitch = agreed(1, "Blip", taxonomy)
    (issue,) = queue(doubt(glitch, origin="consensus"))
    decide_issue(issue.pk, by=rosa, answer=taxonomy["Tomte"])
    gold = GoldLabel.objects.get()
    assert (gold.glitch_class.label, gold.given_by) == ("Tomte", rosa)
    undo_issue(issue.pk, by=rosa)
    assert not GoldLabel.objects.exists()
    assert Consensus.objects.get().top_class.label == "Blip"


def test_a_decision_can_be_taken_back_and_made_again(rosa, taxonomy):
    glitch = make_glitch(1, gold_label="Blip")
    (issue,) = queue(doubt(glitch))
    decide_issue(issue.pk, by=rosa, answer=taxonomy["Tomte"])
    assert undo_issue(issue.pk, by=rosa).state == "open"
    assert label_of(glitch) == "Blip"
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["decide_label_issue", "undo_label_issue"]
    assert decide_issue(issue.pk, by=rosa, answer=None).state == "disagreed"


@pytest.mark.parametrize("was_shown", [True, False])
def test_an_example_of_the_field_guide_is_one_again_after_an_undo(rosa, taxonomy, was_shown):
    glitch = make_glitch(1, gold_label="Blip")
    GoldLabel.objects.update(is_shown=was_shown)
    (issue,) = queue(doubt(glitch))
    decide_issue(issue.pk, by=rosa, answer=taxonomy["Tomte"])
    assert not GoldLabel.objects.get().is_shown
    undo_issue(issue.pk, by=rosa)
    assert GoldLabel.objects.get().is_shown is was_shown


def test_what_cannot_be_done_is_refused_and_changes_nothing(rosa, taxonomy):
    glitch = make_glitch(1, gold_label="Blip")
    (issue,) = queue(doubt(glitch))
    codes = []

    def refused(deed, *args, **kwargs):
        with pytest.raises(LabelingError) as refusal:
            deed(*args, by=rosa, **kwargs)
        codes.append(refusal.value.code)

    refused(undo_issue, issue.pk)
    decide_issue(issue.pk, by=rosa, answer=taxonomy["Tomte"])
    refused(decide_issue, issue.pk, answer=None)
    GoldLabel.objects.update(glitch_class=taxonomy["Chirp"])  # by somebody else
    refused(undo_issue, issue.pk)
    refused(decide_issue, 0, answer=None)
    assert codes == ["nothing_to_undo", "issue_decided", "label_changed", "not_found"]
    assert label_of(glitch) == "Chirp"
    assert LabelIssue.objects.get().state == "agreed"


def test_a_new_search_replaces_the_queue_but_not_what_was_decided(rosa, taxonomy):
    confirmed, waiting, gone = (make_glitch(n, gold_label="Blip") for n in range(3))
    first, *_ = queue(doubt(confirmed), doubt(waiting), doubt(gone))
    decide_issue(first.pk, by=rosa, answer=None)
    again = queue(doubt(confirmed), doubt(waiting))
    assert [issue.glitch for issue in again] == [waiting]
    states = LabelIssue.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["disagreed", "withdrawn", "withdrawn", "open"]
    assert LabelCheck.objects.first().found == 1


def test_a_doubt_of_a_label_that_changed_while_the_search_went_on_is_dropped(rosa, taxonomy):
    """Both searches read Blip and Blip; meanwhile an expert agrees, and a consensus is no more."""
    glitch, other = make_glitch(1, gold_label="Blip"), agreed(2, "Blip", taxonomy)
    doubts = doubt(glitch), doubt(other, origin="consensus")
    first, _ = queue(*doubts)
    decide_issue(first.pk, by=rosa, answer=taxonomy["Tomte"])
    Glitch.objects.filter(pk=other.pk).update(retired_at=None, retire_reason="")
    assert queue(*doubts) == []


@pytest.mark.parametrize("answer", [None, "Blip", "Chirp"])
@pytest.mark.parametrize("origin", ["gold", "consensus"])
def test_of_a_label_that_changed_nothing_is_decided(rosa, taxonomy, origin, answer):
    is_gold = origin == "gold"
    glitch = make_glitch(1, gold_label="Blip") if is_gold else agreed(1, "Blip", taxonomy)
    (issue,) = queue(doubt(glitch, origin=origin))
    GoldLabel.objects.update(glitch_class=taxonomy["Tomte"])
    Consensus.objects.update(top_class=taxonomy["Tomte"])
    with pytest.raises(ConflictError, match="search again") as refusal:
        decide_issue(issue.pk, by=rosa, answer=taxonomy.get(answer))
    assert refusal.value.code == "label_changed"
    assert LabelIssue.objects.get().state == "open"


def test_a_search_needs_labels_and_runs_once_at_a_time(taxonomy):
    with pytest.raises(LabelingError, match="two classes"):
        request_label_check(None, "x")
    for number in range(4):
        make_glitch(number, gold_label=("Blip", "Tomte")[number % 2])
    first = request_label_check(None, "x")
    assert request_label_check(None, "y") == first
    LabelCheck.objects.update(state=Run.State.FAILED)
    assert request_label_check(None, "z") != first


@pytest.mark.parametrize("repeats", [0, -1, 51, 10**12])
def test_a_search_has_a_sensible_number_of_repeats(taxonomy, repeats):
    with pytest.raises(LabelingError, match="1 to 50 repeats") as refusal:
        request_label_check(None, "x", repeats=repeats)
    assert refusal.value.code == "bad_repeats"


def test_the_search_under_way_is_not_given_for_another_one(taxonomy):
    for number in range(4):
        make_glitch(number, gold_label=("Blip", "Tomte")[number % 2])
    first = request_label_check(None, "x", repeats=5)
    assert request_label_check(None, "y", repeats=5) == first
    assert request_label_check(None, "z") == first
    with pytest.raises(ConflictError, match="with 5 repeats") as refusal:
        request_label_check(None, "w", repeats=3)
    assert (refusal.value.code, refusal.value.data) == (
        "label_check_under_way",
        {"run": first.pk},
    )


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_time_one_is_made_and_given_to_all():
    load_gravity_spy()
    for number in range(4):
        make_glitch(number, gold_label=("Blip", "Tomte")[number % 2])
    barrier, given = threading.Barrier(4), []

    def ask() -> None:
        barrier.wait()
        try:
            given.append(request_label_check(None, "x").pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == [LabelCheck.objects.get().pk] * 4
    assert AuditEvent.objects.filter(verb="request_label_check").count() == 1


def test_a_search_that_is_cancelled_leaves_the_queue_as_it_was(rosa, taxonomy):
    (issue,) = queue(doubt(make_glitch(1, gold_label="Blip")))
    check = claim_run(LabelCheck, LabelCheck.objects.create().pk, "here")
    cancel_label_check(check.pk, by=rosa)
    assert not finish_label_check(check, 10, [])
    issue.refresh_from_db()
    check.refresh_from_db()
    assert (issue.state, check.state) == ("open", "cancelled")


def test_answers_to_gold_count_by_its_new_label_and_back(rosa, taxonomy):
    """Ada had said Blip, as the label did, and Ben Tomte; Cy was not offered Tomte."""
    gold = make_glitch(1, gold_label="Blip")
    level = current_taxonomy().levels[-1]
    for name, label in (("ada", "Blip"), ("ben", "Tomte")):
        teach(at_once(name), taxonomy["Whistle"], taxonomy["Whistle"], 2)
        cast(at_once(name), gold, label, stream="gold")
    cast(at_once("cy"), gold, "Blip", stream="gold")
    without = freeze_class_list([v for v in level.offered.labels if v != "Tomte"])
    Vote.objects.filter(volunteer__username="cy").update(offered=without)
    weights = dict(User.objects.values_list("username", "skill__weights"))

    def counted(name):
        user = User.objects.select_related("skill").get(username=name)
        return gold_answers_by_class(user.skill), user.gold_correct, user.gold_seen

    blip, tomte, whistle = (taxonomy[label].pk for label in ("Blip", "Tomte", "Whistle"))
    as_blip = [
        ({whistle: (2, 2), blip: (1, 1)}, 1, 1),
        ({whistle: (2, 2), blip: (0, 1)}, 0, 1),
        ({blip: (1, 1)}, 1, 1),
    ]
    as_tomte = [
        ({whistle: (2, 2), tomte: (0, 1)}, 0, 1),
        ({whistle: (2, 2), tomte: (1, 1)}, 1, 1),
        ({}, 0, 0),
    ]
    names = ("ada", "ben", "cy")
    assert [counted(name) for name in names] == as_blip
    (issue,) = queue(doubt(gold))
    decide_issue(issue.pk, answer=taxonomy["Tomte"], by=rosa)
    assert [counted(name) for name in names] == as_tomte
    undo_issue(issue.pk, by=rosa)
    assert [counted(name) for name in names] == as_blip
    assert dict(User.objects.exclude(skill=None).values_list("username", "skill__weights")) == {
        name: pytest.approx(weights[name]) for name in names
    }
