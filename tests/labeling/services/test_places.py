"""Votes and live leases stay within the votes needed, whatever happens in whatever order."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import F, QuerySet
from django.utils import timezone

from labeling.errors import ConflictError
from labeling.models import Assignment, BatchGlitch, Glitch, User, Vote, Workflow
from labeling.services import assignments as assigning
from labeling.services.assignments import expire_leases, next_assignments
from labeling.services.policies import change_workflow, reevaluate_workflow
from labeling.services.proposals import accept_for_vote
from labeling.services.sampling import audit
from labeling.services.undo import undo_vote
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, only_stream
from tests.labeling.crowds import at_once
from tests.labeling.web.worlds import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def top(taxonomy, settings, monkeypatch) -> Workflow:
    settings.AUDIT_RATE, settings.AUDIT_VOTES, settings.UNDO_SECONDS = 1.0, 2, 600
    monkeypatch.setattr(assigning, "gold_share", lambda votes: 0.0)
    only_stream("pool")
    return Workflow.objects.get(level=6)


def change(workflow: Workflow, **fields: object) -> None:
    workflow.refresh_from_db()
    for name, value in fields.items():
        setattr(workflow, name, value)
    change_workflow(workflow, by=None)
    reevaluate_workflow(workflow.pk)


def ask(name: str) -> Assignment:
    (shown,) = next_assignments(at_once(name), rng=np.random.default_rng(0))
    return Assignment.objects.get(pk=shown.pk)


def vote(assignment: Assignment, label: str = "Blip") -> None:
    is_batch = assignment.stream == "batch"
    answer = {"alike": label == "Blip"} if is_batch else {"label": label}
    volunteer = User.objects.get(pk=assignment.volunteer_id)
    record_vote(volunteer, assignment.pk, idempotency_key=uuid.uuid4(), **answer)


def run_out(assignment: Assignment) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )
    expire_leases(timezone.now())


def places(glitch: Glitch) -> tuple[int, int, int]:
    """Votes, live leases, votes needed."""
    glitch.refresh_from_db()
    return glitch.votes_count, glitch.leases_open, glitch.votes_needed


def test_where_the_minimum_is_lowered_those_who_have_it_open_are_counted(top):
    change(top, votes_min=4, votes_max=8, retire_threshold=0.9999)
    glitch = make_glitch(1)
    for name in ("ada", "ben", "cy"):
        ask(name)
    vote(ask("dan"))
    assert places(glitch) == (1, 3, 4)
    change(top, votes_min=2)
    assert places(glitch) == (1, 3, 4)


def test_where_an_audited_glitch_is_reopened_the_audits_leases_are_counted(top):
    change(top, votes_min=2, votes_max=2, retire_threshold=0.9999)
    glitch = make_glitch(1)
    for name in ("ada", "ben"):
        vote(ask(name))
    only_stream("audit")
    audit(timezone.now())
    assert {ask(name).stream for name in ("cy", "dan")} == {"audit"}
    assert places(glitch) == (2, 2, 4)
    change(top, votes_max=9)
    assert places(glitch) == (2, 2, 4)
    assert glitch.retired_at is None


def test_a_late_vote_whose_place_was_lent_again_is_one_more(top):
    change(top, votes_min=2, votes_max=9, retire_threshold=0.9999)
    glitch = make_glitch(1)
    late = ask("ada")
    ask("ben")
    run_out(late)
    ask("cy")
    assert places(glitch) == (0, 2, 2)
    vote(late)
    assert places(glitch) == (1, 2, 3)


@pytest.mark.parametrize(
    ("late_first", "after_one"), [(True, (1, 1, 2)), (False, (1, 0, 1))], ids=["by it", "before"]
)
def test_so_is_one_whose_glitch_is_retired_by_it_or_was_before(top, late_first, after_one):
    change(top, votes_min=1, votes_max=1)
    glitch = make_glitch(1)
    late = ask("ada")
    run_out(late)
    lent_again = ask("ben")
    one, other = (late, lent_again) if late_first else (lent_again, late)
    vote(one)
    assert places(glitch) == after_one
    assert glitch.retired_at is not None
    vote(other)
    assert places(glitch) == (2, 0, 2)


def test_a_late_vote_in_a_batch_is_one_more_too(top):
    accept_for_vote(make_proposal().pk, name="Crown", by=None)
    only_stream("batch")
    late = ask("ada")
    run_out(late)
    lent_again = BatchGlitch.objects.filter(pk=late.batch_glitch_id)
    lent_again.update(leases_open=2)
    vote(late)
    assert lent_again.values_list("votes_count", "leases_open", "votes_needed").get() == (1, 2, 3)


def one_of(rng: np.random.Generator, rows: QuerySet) -> list:
    """One of the rows by chance, or none."""
    count = rows.count()
    return list(rows.order_by("pk")[int(rng.integers(count)) :][:1]) if count else []


def lend_some(rng: np.random.Generator) -> None:
    for volunteer in one_of(rng, User.objects.all()):
        next_assignments(volunteer, want=2, rng=rng)


def vote_once(rng: np.random.Generator) -> None:
    for assignment in one_of(rng, Assignment.objects.filter(state__in=("open", "expired"))):
        with suppress(ConflictError):  # voted on in another assignment
            vote(assignment, str(rng.choice(["Blip", "Whistle"])))


def undo_once(rng: np.random.Generator) -> None:
    for cast in one_of(rng, Vote.objects.all()):
        held = Assignment.objects.filter(
            volunteer=cast.volunteer_id, glitch=cast.glitch_id, state="open"
        )
        if not held.exists():
            with suppress(ConflictError):  # settled
                undo_vote(cast.volunteer, cast.assignment_id)


def run_one_out(rng: np.random.Generator) -> None:
    for assignment in one_of(rng, Assignment.objects.filter(state="open")):
        run_out(assignment)


def change_policy(rng: np.random.Generator) -> None:
    least = int(rng.integers(1, 5))
    change(
        Workflow.objects.get(level=6),
        votes_min=least,
        votes_max=least + int(rng.integers(4)),
        retire_threshold=float(rng.choice([0.7, 0.9999])),
    )


def audit_all(rng: np.random.Generator) -> None:
    audit(timezone.now())


DEEDS: list[Callable[[np.random.Generator], None]] = [
    lend_some,
    lend_some,
    vote_once,
    vote_once,
    undo_once,
    run_one_out,
    change_policy,
    audit_all,
]


@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_deeds_in_any_order_keep_within_the_limit(top, seed):
    rng = np.random.default_rng(seed)
    accept_for_vote(make_proposal(range(100, 103)).pk, name="Crown", by=None)
    Workflow.objects.update(streams={"batch": 0.3, "active": 0, "audit": 0.3})
    for number in range(8):
        at_once(f"v{number}")
    for _ in range(100):
        deed = DEEDS[int(rng.integers(len(DEEDS)))]
        deed(rng)
        for held in (Glitch, BatchGlitch):
            over = held.objects.filter(votes_needed__lt=F("votes_count") + F("leases_open"))
            assert not over.exists(), deed.__name__
    assert Vote.objects.exists()
