"""Visitors: what their votes bring about, how one becomes a volunteer, and who is cleared away."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from labeling.errors import LabelingError
from labeling.models import Assignment, Glitch, GlitchClass, User, Vote, Workflow
from labeling.services.assignments import expire_leases, next_assignments
from labeling.services.proposals import accept_for_vote
from labeling.services.recomputing import find_differences
from labeling.services.visitors import begin_visit, end_old_visits, make_visitor_volunteer
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, teach
from tests.labeling.web.worlds import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.ANONYMOUS_VOTING = True


@pytest.fixture
def glitch(taxonomy) -> Glitch:
    """One that all can see: at level 6, where visitors are put by hand."""
    return make_glitch(1)


def visitor_who_knows(glitch_class: GlitchClass) -> User:
    """At the top level, and right so often that two of them would settle a glitch."""
    visitor = begin_visit()
    User.objects.filter(pk=visitor.pk).update(level=6)
    visitor.refresh_from_db()
    teach(visitor, glitch_class, glitch_class, 50)
    return visitor


def vote(volunteer: User, label: str = "Blip"):
    (lent,) = next_assignments(volunteer, rng=np.random.default_rng(1))
    return record_vote(volunteer, lent.pk, idempotency_key=uuid.uuid4(), label=label)


def test_a_visitor_is_named_as_zooniverse_names_one_and_cannot_log_in(db):
    visitor = begin_visit()
    prefix, _, digits = visitor.username.rpartition("-")
    assert (prefix, len(digits)) == ("not-logged-in", 20)
    assert not visitor.has_usable_password()
    assert (visitor.role, visitor.level, visitor.skill) == ("visitor", 1, None)


def test_without_the_setting_nobody_begins(db, settings):
    settings.ANONYMOUS_VOTING = False
    with pytest.raises(LabelingError) as refusal:
        begin_visit()
    assert refusal.value.code == "visitors_closed"
    assert not User.objects.exists()


def test_visitors_alone_inform_and_settle_nothing(glitch, taxonomy):
    """Two sure votes settle a glitch; two sure votes of visitors leave it open for a third."""
    for _ in range(2):
        vote(visitor_who_knows(taxonomy["Blip"]))
    glitch.refresh_from_db()
    assert glitch.consensus.top_class.label == "Blip"
    assert glitch.consensus.top_agreement > glitch.workflow.retire_threshold
    assert (glitch.retired_at, glitch.votes_needed) == (None, 3)
    vote(make_volunteer("ada", level=6))
    glitch.refresh_from_db()
    assert (glitch.retire_reason, glitch.votes_count) == ("consensus", 3)


def test_one_visitor_and_one_volunteer_settle_as_two_volunteers_do(glitch, taxonomy):
    ada = make_volunteer("ada", level=6)
    teach(ada, taxonomy["Blip"], taxonomy["Blip"], 50)
    vote(ada)
    vote(visitor_who_knows(taxonomy["Blip"]))
    glitch.refresh_from_db()
    assert glitch.retire_reason == "consensus"


def test_at_the_limit_an_expert_looks(glitch, taxonomy):
    workflow = glitch.workflow
    workflow.votes_max = 3
    workflow.save()
    for _ in range(3):
        vote(visitor_who_knows(taxonomy["Blip"]))
    glitch.refresh_from_db()
    assert (glitch.retire_reason, glitch.votes_count) == ("classification_count", 3)


def test_below_the_top_the_limit_moves_it_up_to_other_eyes(glitch, taxonomy):
    Workflow.objects.filter(level=1).update(votes_max=2)
    Glitch.objects.update(workflow=Workflow.objects.get(level=1))
    for _ in range(2):
        visitor = visitor_who_knows(taxonomy["Blip"])
        (lent,) = next_assignments(visitor, level=1, rng=np.random.default_rng(1))
        record_vote(visitor, lent.pk, idempotency_key=uuid.uuid4(), label="Blip")
    glitch.refresh_from_db()
    assert (glitch.retired_at, glitch.workflow.level, glitch.votes_count) == (None, 2, 2)
    vote(make_volunteer("ada", level=6))
    glitch.refresh_from_db()
    assert glitch.retire_reason == "consensus"


def test_a_site_may_let_them_settle(glitch, taxonomy, settings):
    settings.ANONYMOUS_VOTES_SETTLE = True
    for _ in range(2):
        vote(visitor_who_knows(taxonomy["Blip"]))
    glitch.refresh_from_db()
    assert glitch.retire_reason == "consensus"


def test_a_visitors_vote_weighs_what_a_newcomers_does(taxonomy):
    agreements = []
    for number, voter in enumerate((begin_visit(), make_volunteer("ada"))):
        make_glitch(number)
        User.objects.filter(pk=voter.pk).update(level=6)
        voter.refresh_from_db()
        (lent,) = next_assignments(voter, rng=np.random.default_rng(0))
        record_vote(voter, lent.pk, idempotency_key=uuid.uuid4(), label="Blip")
        Glitch.objects.filter(pk=lent.glitch_id).update(is_reserved=True)  # only one is open
        glitch = Glitch.objects.get(pk=lent.glitch_id)
        agreements.append((glitch.consensus.top_agreement, glitch.consensus.skills))
    assert agreements[0] == agreements[1]
    assert agreements[0][1] == [None]


def test_in_gravity_spys_rule_a_visitors_vote_adds_nothing(glitch, taxonomy):
    Workflow.objects.update(rule="gravity_spy")
    visitor = visitor_who_knows(taxonomy["Blip"])
    vote(visitor)
    glitch.refresh_from_db()
    assert set(glitch.consensus.agreement) == {0.0}
    make_visitor_volunteer(visitor, "eve", "seven-quiet-herons")
    assert list(find_differences()) == []


def test_in_gravity_spys_rule_the_vote_of_an_account_counts_beside_it(glitch, taxonomy):
    """Ben says Whistle where it is a Blip one time in four: P(Whistle given Whistle) = 3 / 4."""
    Workflow.objects.update(rule="gravity_spy")
    vote(visitor_who_knows(taxonomy["Blip"]))
    ben = make_volunteer("ben", level=6)
    teach(ben, taxonomy["Whistle"], taxonomy["Whistle"], 3)
    teach(ben, taxonomy["Blip"], taxonomy["Whistle"], 1)
    vote(ben, "Whistle")
    glitch.refresh_from_db()
    assert glitch.consensus.top_class.label == "Whistle"
    assert glitch.consensus.top_agreement == pytest.approx(0.75, abs=1e-3)


def test_visitors_are_not_asked_whether_a_class_is_born(taxonomy):
    accept_for_vote(make_proposal(range(100, 105)).pk, name="Reverse Chirp", by=None)
    Glitch.objects.update(is_reserved=True)
    for seed in range(5):
        assert next_assignments(begin_visit(), rng=np.random.default_rng(seed)) == []
        assert next_assignments(make_volunteer(f"v{seed}"), rng=np.random.default_rng(seed))


def test_signing_up_keeps_votes_leases_and_skill_and_counts_nothing_twice(glitch, taxonomy):
    make_glitch(2)
    visitor = visitor_who_knows(taxonomy["Blip"])
    vote(visitor)
    (open_now,) = next_assignments(visitor, rng=np.random.default_rng(1))
    ada = make_visitor_volunteer(visitor, "ada", "seven-quiet-herons")
    assert (ada.pk, ada.role, ada.votes_cast) == (visitor.pk, "volunteer", 1)
    assert ada.skill_id == visitor.skill_id
    assert ada.check_password("seven-quiet-herons")
    (again,) = next_assignments(ada, rng=np.random.default_rng(1))
    assert again.pk == open_now.pk
    record_vote(ada, open_now.pk, idempotency_key=uuid.uuid4(), label="Blip")
    assert next_assignments(ada, rng=np.random.default_rng(2)) == []  # it has seen both
    assert Vote.objects.filter(volunteer=ada).count() == 2
    assert [g.votes_count for g in Glitch.objects.all()] == [1, 1]


def test_two_tabs_that_sign_up_make_one_account(db):
    visitor = begin_visit()
    make_visitor_volunteer(visitor, "ada", "seven-quiet-herons")
    with pytest.raises(LabelingError) as refusal:
        make_visitor_volunteer(visitor, "eve", "another-long-one-1")
    assert refusal.value.code == "visit_ended"
    assert User.objects.get().username == "ada"


def test_old_visits_are_cleared_away_and_their_votes_stay(glitch, taxonomy, settings):
    make_glitch(2)
    make_glitch(3)
    voted, idle, lent, new = (visitor_who_knows(taxonomy["Blip"]) for _ in range(4))
    vote(voted)
    next_assignments(lent, rng=np.random.default_rng(1))
    long_ago = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE + 60)
    User.objects.exclude(pk=new.pk).update(date_joined=long_ago)
    ada = make_volunteer("ada", date_joined=long_ago)
    assert end_old_visits(timezone.now()) == (1, 1)
    assert set(User.objects.filter(is_active=True)) == {lent, new, ada}
    assert not User.objects.filter(pk=idle.pk).exists()
    assert Vote.objects.get().volunteer == voted
    # The one with a lease goes once the lease has run out: nothing leaks.
    Assignment.objects.filter(state="open").update(leased_until=long_ago)
    expire_leases(timezone.now())
    assert end_old_visits(timezone.now()) == (1, 0)
    assert set(Glitch.objects.values_list("leases_open", flat=True)) == {0}
