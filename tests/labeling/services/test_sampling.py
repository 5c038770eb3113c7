"""The random audit: drawn by chance alone, asked again, judged, reported."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from labeling.models import (
    Assignment,
    AuditedGlitch,
    Consensus,
    Glitch,
    Pick,
    PickList,
    Vote,
    Workflow,
)
from labeling.selectors.latest import look_after
from labeling.selectors.sampling import audit_report
from labeling.services.assignments import expire_leases, next_assignments
from labeling.services.gold import add_gold_label
from labeling.services.policies import change_workflow, reevaluate_workflow
from labeling.services.recomputing import find_differences
from labeling.services.sampling import (
    LOWER_DIGITS,
    ask_again,
    audit,
    draw_glitches,
    judge,
    list_audited,
)
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, only_stream
from tests.labeling.api.conftest import make_version, predict
from tests.labeling.crowds import at_once, cast

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=1)


@pytest.fixture
def top(taxonomy, settings) -> Workflow:
    settings.AUDIT_RATE, settings.AUDIT_VOTES = 1.0, 2
    only_stream("audit")
    return Workflow.objects.get(level=6)


def ask(volunteer, seed=0):
    return next_assignments(volunteer, rng=np.random.default_rng(seed))


def vote(name, label, glitch):
    volunteer = make_volunteer(name, level=6, votes_cast=1000)
    for seed in range(200):
        for shown in ask(volunteer, seed):
            if shown.glitch_id == glitch.pk:
                key = uuid.uuid4()
                return record_vote(volunteer, shown.pk, idempotency_key=key, label=label).vote
            volunteer.assignments.all().delete()
            Glitch.objects.update(leases_open=0)
    raise AssertionError(f"{glitch} was not shown")


def retired(number, label="Blip", reason="consensus"):
    """Retired after two votes on ``label``."""
    glitch = make_glitch(number)
    for place in range(2):
        vote(f"first-{number}-{place}", label, glitch)
    Glitch.objects.filter(pk=glitch.pk).update(retired_at=LONG_AGO, retire_reason=reason)
    return glitch


def test_the_lower_digits_of_the_place_decide_whatever_else_is_known(taxonomy):
    """Places of 1/2 and so many thousandths of a digit: .1, .2 and .3 are drawn below .25."""
    glitches = [make_glitch(number) for number in range(3)]
    for glitch, part in zip(glitches, (0.1, 0.2, 0.3), strict=True):
        Glitch.objects.filter(pk=glitch.pk).update(queue_key=0.5 + part / LOWER_DIGITS)
    Glitch.objects.filter(pk=glitches[1].pk).update(
        retired_at=timezone.now(), retire_reason="consensus", workflow=None
    )
    assert draw_glitches(0.25) == 2
    assert draw_glitches(0.25) == 0
    drawn = AuditedGlitch.objects.order_by("glitch").values_list("glitch", "probability")
    assert list(drawn) == [(glitches[0].pk, 0.25), (glitches[1].pk, 0.25)]
    assert draw_glitches(0.5) == 1
    assert set(AuditedGlitch.objects.values_list("probability", flat=True)) == {0.5}
    assert draw_glitches(0.1) == 0
    assert set(AuditedGlitch.objects.values_list("probability", flat=True)) == {0.5}


def test_those_that_had_their_draw_are_passed_over_but_in_a_look_at_all(taxonomy, monkeypatch):
    """The second is reserved while the third is drawn; the fourth is new; .3 is for rates above."""
    monkeypatch.setattr("labeling.selectors.latest.LATE", 0)
    glitches = [make_glitch(number) for number in range(4)]
    for glitch, part in zip(glitches, (0.3, 0.1, 0.1, 0.1), strict=True):
        Glitch.objects.filter(pk=glitch.pk).update(queue_key=0.5 + part / LOWER_DIGITS)
    hidden = Glitch.objects.filter(pk__in=(glitches[1].pk, glitches[3].pk))
    hidden.update(is_reserved=True)
    assert draw_glitches(0.25) == 1
    hidden.update(is_reserved=False)
    assert draw_glitches(0.25) == 1
    assert not AuditedGlitch.objects.filter(glitch=glitches[1]).exists()
    assert draw_glitches(0.25, from_all=True) == 1
    assert draw_glitches(0.5) == 1
    assert AuditedGlitch.objects.filter(probability=0.5).count() == 4


def test_what_was_committed_late_is_looked_at_all_the_same():
    assert [look_after(last) for last in (None, 9_000, 12_000)] == [0, 0, 2_000]


def test_a_full_list_stands_until_it_is_used_up(top, monkeypatch):
    monkeypatch.setattr("labeling.services.sampling.LISTED", 2)
    for number in range(5):
        make_glitch(number)
    audit(timezone.now())
    at_top = PickList.objects.filter(workflow=top)

    def version():
        list_audited()
        return at_top.get().version

    assert version() == 1
    listed = Glitch.objects.filter(pk__in=at_top.get().picks.values("glitch"))
    Glitch.objects.filter(pk=listed[0].pk).update(votes_count=9)
    assert version() == 1
    listed.update(retired_at=LONG_AGO, retire_reason="flagged")
    assert version() == 2
    assert listed.filter(retired_at=None).count() == 2
    at_top.update(made_at=LONG_AGO)
    assert version() == 3


def test_gold_and_reserved_glitches_are_not_drawn(taxonomy):
    make_glitch(1, gold_label="Blip")
    make_glitch(2, is_reserved=True)
    assert draw_glitches(1.0) == 0


def test_an_open_one_is_listed_at_its_level_and_a_retired_one_at_the_top(top):
    open_one, low = make_glitch(1), make_glitch(2)
    Glitch.objects.filter(pk=low.pk).update(workflow=Workflow.objects.get(level=1))
    audit(timezone.now())

    def listed():
        found = Pick.objects.order_by("pick_list__workflow__level", "glitch")
        return list(found.values_list("pick_list__workflow__level", "glitch", "after_retirement"))

    assert listed() == [(1, low.pk, False), (6, open_one.pk, False)]
    Glitch.objects.filter(pk=low.pk).update(retired_at=LONG_AGO, retire_reason="consensus")
    audit(timezone.now())
    assert listed() == [(6, open_one.pk, False), (6, low.pk, True)]
    versions = list(PickList.objects.order_by("pk").values_list("version", flat=True))
    audit(timezone.now())
    assert list(PickList.objects.order_by("pk").values_list("version", flat=True)) == versions


def test_where_lending_goes_by_skill_an_open_one_takes_the_ordinary_way(top):
    make_glitch(1)
    top.streams = {"route_by_skill": True}
    top.save()
    audit(timezone.now())
    assert AuditedGlitch.objects.count() == 1
    assert Pick.objects.count() == 0
    Glitch.objects.update(retired_at=LONG_AGO, retire_reason="consensus")
    audit(timezone.now())
    assert Pick.objects.get().after_retirement


def test_what_people_decided_is_not_asked_again(top):
    glitch = retired(1, reason="flagged")
    audit(timezone.now())
    assert AuditedGlitch.objects.get(glitch=glitch).asked_at is None


def test_a_level_without_a_share_lists_none(top):
    make_glitch(1)
    audit(timezone.now())
    assert Pick.objects.count() == 1
    only_stream("pool")
    list_audited()
    assert Pick.objects.count() == 0


def test_the_verdict_comes_from_the_votes_after_asking_alone(top, taxonomy):
    version = make_version(1, labels=("Blip", "Whistle"))
    glitch = retired(1, "Blip")
    predict(version, glitch, 0.9, 0.1)
    audit(timezone.now())
    row = AuditedGlitch.objects.get()
    assert (row.agreed_class, row.predicted_class) == (taxonomy["Blip"], taxonomy["Blip"])
    assert row.votes_wanted == 2
    vote("ada", "Whistle", glitch)
    assert judge() == 0
    vote("ben", "Whistle", glitch)
    assert judge() == 1
    row.refresh_from_db()
    assert row.found_class == taxonomy["Whistle"]
    assert row.found_agreement > 0.9
    assert judge() == 0
    assert Vote.objects.filter(after_retirement=True).count() == 2


@pytest.mark.parametrize("in_time", [True, False], ids=["in time", "late"])
def test_who_had_it_open_from_before_has_no_part_in_the_verdict(top, taxonomy, in_time):
    only_stream("pool")
    glitch = make_glitch(1)
    (held,) = ask(make_volunteer("ada", level=6))
    Glitch.objects.update(retired_at=LONG_AGO, retire_reason="consensus")
    if not in_time:
        Assignment.objects.update(leased_until=LONG_AGO)
        assert expire_leases(timezone.now()) == 1
    only_stream("audit")
    audit(timezone.now())
    ada = Assignment.objects.get(pk=held.pk).volunteer
    record_vote(ada, held.pk, idempotency_key=uuid.uuid4(), label="Tomte")
    vote("ben", "Whistle", glitch)
    assert judge() == 0
    vote("cy", "Whistle", glitch)
    assert judge() == 1
    row = AuditedGlitch.objects.get()
    assert row.found_class == taxonomy["Whistle"]
    # Two newcomers at one: .75^2 against 21 (.25 / 21)^2 of the other classes.
    assert row.found_agreement == pytest.approx(0.5625 / (0.5625 + 21 * (0.25 / 21) ** 2), abs=1e-3)


def test_where_others_took_its_places_it_is_asked_anew(top):
    glitch = retired(1, "Blip")
    audit(timezone.now())
    Glitch.objects.update(votes_needed=2)
    audit(timezone.now())
    audit(timezone.now())
    glitch.refresh_from_db()
    assert (glitch.votes_count, glitch.votes_needed) == (2, 4)


def test_neither_the_audits_votes_nor_late_ones_are_evidence_under_another_policy(top):
    glitch = retired(1, "Blip")
    agreed = Consensus.objects.get().agreement
    audit(timezone.now())
    for name in ("ada", "ben"):
        vote(name, "Whistle", glitch)
    cast(at_once("late"), glitch, "Whistle")
    top.refresh_from_db()
    top.retire_threshold, top.votes_max = 0.9999999, 20
    change_workflow(top, by=None)
    reevaluate_workflow(top.pk)
    glitch.refresh_from_db()
    assert glitch.retired_at is None
    row = Consensus.objects.get()
    assert (row.votes_count, row.agreement) == (2, agreed)
    cast(at_once("cy"), glitch, "Blip")
    row.refresh_from_db()
    assert (row.votes_count, row.top_class.label) == (3, "Blip")
    assert row.top_agreement > max(agreed)
    assert list(find_differences()) == []


def test_an_experts_label_is_the_verdict(top, taxonomy):
    glitch = retired(1, "Blip")
    audit(timezone.now())
    add_gold_label(glitch, taxonomy["Tomte"], by=None)
    assert judge() == 1
    row = AuditedGlitch.objects.get()
    assert (row.found_class, row.found_agreement) == (taxonomy["Tomte"], 1.0)


def test_a_reopened_glitch_is_asked_anew_once_it_is_retired_again(top):
    glitch = retired(1, "Blip")
    audit(timezone.now())
    top.refresh_from_db()
    top.retire_threshold, top.votes_max = 0.999999, 20
    change_workflow(top, by=None)
    reevaluate_workflow(top.pk)
    glitch.refresh_from_db()
    assert glitch.retired_at is None
    assert glitch.votes_needed == 3
    assert ask_again(timezone.now()) == 0
    assert AuditedGlitch.objects.get().asked_at is None
    Glitch.objects.update(retired_at=timezone.now(), retire_reason="consensus")
    assert ask_again(timezone.now()) == 1
    glitch.refresh_from_db()
    assert glitch.votes_needed == glitch.votes_count + glitch.leases_open + 2


def test_the_report_counts_what_the_audit_calls_otherwise(top, taxonomy):
    """Four judged: two agree, one differs surely, one had no consensus; one more is asked."""
    blip, whistle = taxonomy["Blip"], taxonomy["Whistle"]
    rows = [
        (blip, blip, blip, 0.99),
        (blip, None, blip, 0.6),
        (blip, whistle, whistle, 0.97),
        (None, blip, whistle, 0.9),
        (blip, blip, None, None),
    ]
    for number, (agreed, predicted, found, agreement) in enumerate(rows):
        AuditedGlitch.objects.create(
            glitch=make_glitch(number),
            probability=0.5,
            asked_at=LONG_AGO,
            agreed_class=agreed,
            predicted_class=predicted,
            found_class=found,
            found_agreement=agreement,
        )
    AuditedGlitch.objects.create(glitch=make_glitch(9), probability=0.5)
    report = audit_report()
    assert (report.waiting, report.asked, report.judged, report.undecided) == (1, 1, 4, 1)
    assert (report.consensus.count, report.consensus.share) == (3, pytest.approx(1 / 3))
    assert report.consensus_surely.share == pytest.approx(1 / 3)
    assert (report.classifier.count, report.classifier.share) == (3, pytest.approx(1 / 3))
    assert [(c.name, c.disagree.count) for c in report.classes] == [("Blip", 3)]
    assert [row.found_class for row in report.differing] == [whistle]
