"""The streams together: what is drawn, what is lent, and what never happens whatever is drawn."""

import threading
import time
import uuid
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from labeling.models import (
    Assignment,
    AuditedGlitch,
    BatchGlitch,
    Glitch,
    Pick,
    PickList,
    User,
    Vote,
    Workflow,
)
from labeling.services import assignments as assigning
from labeling.services.assignments import expire_leases, next_assignments
from labeling.services.classes import load_gravity_spy
from labeling.services.proposals import accept_for_vote
from labeling.services.sampling import ask_again, list_audited
from labeling.services.undo import undo_vote
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, only_stream
from tests.labeling.web.worlds import make_proposal

LABELS = ("Blip", "Whistle", "None_of_the_Above")


def ask(volunteer, seed=0, **asked):
    return next_assignments(volunteer, rng=np.random.default_rng(seed), **asked)


def vote(volunteer, assignment, label="Blip"):
    return record_vote(volunteer, assignment.pk, idempotency_key=uuid.uuid4(), label=label).vote


def expert(name):
    """Past the learning phase, at the top: gold is rare, everything else is open."""
    return make_volunteer(name, level=6, votes_cast=1000)


def list_picks(*glitches, stream="active", level=6):
    made = PickList.objects.create(
        workflow=Workflow.objects.get(level=level), stream=stream, size=len(glitches)
    )
    for rank, glitch in enumerate(glitches):
        Pick.objects.create(pick_list=made, rank=rank, glitch=glitch, why={"rank": rank})


def retire(glitch, votes=("Blip", "Blip")):
    """Retired by consensus with these votes, each of a volunteer of its own."""
    only_stream("pool")
    for place, label in enumerate(votes):
        volunteer = expert(f"first-{glitch.pk}-{place}")
        for seed in range(200):
            (shown,) = ask(volunteer, seed)
            if shown.glitch_id == glitch.pk:
                vote(volunteer, shown, label)
                break
            Assignment.objects.filter(pk=shown.pk).update(leased_until=timezone.now())
            expire_leases(timezone.now())
    Glitch.objects.filter(pk=glitch.pk).update(retired_at=timezone.now(), retire_reason="consensus")


def audited(glitch, probability=0.1):
    only_stream("audit")
    AuditedGlitch.objects.create(glitch=glitch, probability=probability)
    ask_again(timezone.now())
    list_audited()


@pytest.mark.django_db
def test_a_pick_is_lent_with_why_it_was_chosen_and_its_lease_is_counted(taxonomy):
    glitches = [make_glitch(number) for number in range(4)]
    list_picks(glitches[2])
    only_stream("active")
    ada = expert("ada")
    (shown,) = ask(ada)
    lent = Assignment.objects.get()
    assert (lent.glitch, lent.stream, lent.why) == (glitches[2], "active", {"rank": 0})
    assert (lent.workflow.level, Glitch.objects.get(pk=glitches[2].pk).leases_open) == (6, 1)
    vote(ada, shown)
    voted = Glitch.objects.get(pk=glitches[2].pk)
    assert (voted.votes_count, voted.leases_open) == (1, 0)


@pytest.mark.django_db
def test_the_first_pick_that_is_free_and_unseen_is_lent(taxonomy):
    glitches = [make_glitch(number) for number in range(6)]
    full, retired, reserved, moved, seen, free = glitches
    Glitch.objects.filter(pk=full.pk).update(votes_count=1, leases_open=1)
    Glitch.objects.filter(pk=retired.pk).update(retired_at=timezone.now(), retire_reason="human")
    Glitch.objects.filter(pk=reserved.pk).update(is_reserved=True)
    Glitch.objects.filter(pk=moved.pk).update(workflow=Workflow.objects.get(level=5))
    ada = expert("ada")
    list_picks(seen)
    only_stream("active")
    vote(ada, *ask(ada))
    PickList.objects.all().delete()
    list_picks(*glitches)
    (shown,) = ask(ada)
    assert shown.glitch_id == free.pk


@pytest.mark.django_db
def test_where_no_pick_is_left_the_pool_is_asked(taxonomy):
    pick, other = make_glitch(1), make_glitch(2)
    list_picks(pick)
    only_stream("active")
    ada = expert("ada")
    for glitch, stream in ((pick, "active"), (other, "pool")):
        (shown,) = ask(ada)
        assert (shown.glitch_id, shown.stream) == (glitch.pk, stream)
        vote(ada, shown)
    assert ask(ada) == []


@pytest.mark.django_db
def test_of_a_long_list_a_part_is_looked_at_whose_place_chance_chooses(taxonomy):
    glitches = [make_glitch(number) for number in range(4)]
    list_picks(*glitches)
    PickList.objects.update(size=1000)
    for rank, glitch in zip((0, 63, 64, 999), glitches, strict=True):
        Pick.objects.filter(glitch=glitch).update(rank=rank)

    def looked_at(start):
        wish = assigning.Wish(1, 1, timezone.now(), timezone.now(), start, start)
        part = assigning.looked_at(wish, 1000)
        ranks = Pick.objects.filter(rank__gte=part["first"], rank__lt=part["end"])
        return list(ranks.values_list("rank", flat=True))

    assert looked_at(0.0) == [0, 63]
    assert looked_at(0.05) == [63, 64]  # 0.05^2 of 937 is 2
    assert looked_at(0.9999999) == [999]


@pytest.mark.django_db
@pytest.mark.parametrize("start", [0.0, 0.999999], ids=["front", "end"])
def test_the_first_open_batch_that_has_a_question_is_asked(taxonomy, start):
    first, second = (
        accept_for_vote(make_proposal(range(n, n + 4)).pk, name=name, by=None).batch
        for n, name in ((100, "Crown"), (110, "Moth"))
    )

    def asked_of(name):
        now = timezone.now()
        wish = assigning.Wish(expert(name).pk, 1, now, now + timedelta(minutes=5), start, start)
        held = assigning.lend_from_batches(wish, [first.pk, second.pk]).held
        return Assignment.objects.get(pk=held[0].pk).batch_glitch.batch if held else None

    assert asked_of("ada") == first
    first.batch_glitches.update(decided_at=timezone.now())
    assert asked_of("ben") == second
    second.batch_glitches.update(leases_open=2)
    assert asked_of("cy") is None


@pytest.mark.django_db
def test_an_expired_or_undone_pick_keeps_count_and_why(taxonomy, settings):
    settings.UNDO_SECONDS = 60
    glitch = make_glitch(1)
    list_picks(glitch)
    only_stream("active")
    ada = expert("ada")
    (shown,) = ask(ada)
    vote(ada, shown)
    again = Assignment.objects.get(pk=undo_vote(ada, shown.pk).pk)
    assert (again.stream, again.why) == ("active", {"rank": 0})
    glitch.refresh_from_db()
    assert (glitch.votes_count, glitch.leases_open) == (0, 1)
    Assignment.objects.filter(pk=again.pk).update(leased_until=timezone.now())
    assert expire_leases(timezone.now()) == 1
    glitch.refresh_from_db()
    assert glitch.leases_open == 0


@pytest.mark.django_db
def test_an_audited_glitch_gets_its_own_votes_and_stays_as_it_was_agreed(taxonomy, settings):
    settings.AUDIT_VOTES = 2
    glitch = make_glitch(1)
    retire(glitch)
    before = Glitch.objects.get()
    agreed = glitch.consensus
    audited(glitch, 0.25)
    ada, ben, cy = (expert(name) for name in ("ada", "ben", "cy"))
    shown = [ask(volunteer) for volunteer in (ada, ben, cy)]
    assert [len(found) for found in shown] == [1, 1, 0]
    lent = Assignment.objects.get(pk=shown[0][0].pk)
    assert (lent.stream, lent.workflow.level) == ("audit", 6)
    assert lent.why["probability"] == 0.25
    assert vote(ada, shown[0][0], "Whistle").after_retirement
    vote(ben, shown[1][0], "Whistle")
    after = Glitch.objects.get()
    assert (after.retired_at, after.retire_reason) == (before.retired_at, before.retire_reason)
    assert (after.votes_count, after.votes_needed, after.leases_open) == (4, 4, 0)
    agreed.refresh_from_db()
    assert (agreed.top_class.label, agreed.votes_count) == ("Blip", 2)
    assert ask(cy) == []


@pytest.mark.django_db
def test_no_audit_is_shown_to_who_voted_before_or_below_the_top(taxonomy):
    glitch = make_glitch(1)
    retire(glitch)
    audited(glitch)
    assert ask(User.objects.get(username=f"first-{glitch.pk}-0")) == []
    assert ask(make_volunteer("ben", level=5, votes_cast=1000)) == []
    assert ask(expert("ada"), level=5) == []
    assert [a.stream for a in ask(User.objects.get(username="ada"))] == ["audit"]


@pytest.mark.django_db
def test_the_audit_is_left_to_people_with_an_account(taxonomy):
    glitch = make_glitch(1)
    retire(glitch)
    audited(glitch)
    visitor = make_volunteer("vera", level=6, role=User.Role.VISITOR, votes_cast=1000)
    assert ask(visitor) == []
    User.objects.filter(pk=visitor.pk).update(role=User.Role.VOLUNTEER)
    assert [a.stream for a in ask(User.objects.get(pk=visitor.pk))] == ["audit"]


@pytest.mark.django_db
def test_what_is_asked_after_its_retirement_is_not_lent_once_reopened(taxonomy):
    glitch = make_glitch(1)
    retire(glitch)
    audited(glitch)
    Glitch.objects.update(retired_at=None, retire_reason="", votes_needed=3)
    (shown,) = ask(expert("ada"))
    assert shown.stream == "pool"


@pytest.mark.django_db
def test_the_shares_of_a_level_are_what_is_lent(taxonomy):
    """120 draws of .3 : .2 : .1 : .4, each count within three of its deviations."""
    plain = [make_glitch(number, is_simulated=True) for number in range(30)]
    accept_for_vote(make_proposal().pk, name="Crown", by=None)
    list_picks(*plain[:10])
    for glitch in plain[10:15]:
        list_audited_open(glitch)
    Workflow.objects.update(streams={"batch": 0.3, "active": 0.2, "audit": 0.1})
    for held in (Glitch, BatchGlitch):
        held.objects.update(votes_needed=1000)
    drawn = Counter()
    for number in range(120):
        volunteer = User.objects.create(username=f"v{number}", level=6, votes_cast=1000)
        drawn.update(a.stream for a in ask(volunteer, seed=number))
    drawn.pop("gold", None)
    total = sum(drawn.values())
    for stream, share in (("batch", 0.3), ("active", 0.2), ("audit", 0.1), ("pool", 0.4)):
        deviation = (share * (1 - share) / total) ** 0.5
        assert abs(drawn[stream] / total - share) < 3 * deviation, drawn


def list_audited_open(glitch):
    AuditedGlitch.objects.create(glitch=glitch, probability=0.5)
    list_audited()


def a_mixed_world():
    """Open glitches, some picked and some drawn; audited ones; an open batch; a dozen people."""
    load_gravity_spy()
    top = Workflow.objects.get(level=6)
    retired = [make_glitch(number) for number in range(3)]
    for glitch in retired:
        Glitch.objects.filter(pk=glitch.pk).update(
            retired_at=timezone.now(), retire_reason="consensus", votes_count=2
        )
        AuditedGlitch.objects.create(glitch=glitch, probability=0.1)
    plain = [make_glitch(number) for number in range(10, 18)]
    AuditedGlitch.objects.create(glitch=plain[0], probability=0.1)
    list_picks(*plain[:4], *retired)  # a list may be old: what was retired since is in it too
    ask_again(timezone.now())
    list_audited()
    accept_for_vote(make_proposal(range(100, 103)).pk, name="Crown", by=None)
    Workflow.objects.filter(pk=top.pk).update(
        streams={"batch": 0.25, "active": 0.25, "audit": 0.25}
    )
    return [User.objects.create(username=f"v{n}", level=6, votes_cast=1000) for n in range(12)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", [False, True], ids=["plain", "by skill"])
def test_many_at_once_over_all_streams_until_nothing_is_left(route):
    """The database itself refuses one vote or lease too many; nobody meets such a refusal."""
    volunteers = a_mixed_world()
    if route:
        only = Workflow.objects.get(level=6)
        only.streams |= {"route_by_skill": True}
        only.save()
    with never_over_limit():
        errors = all_at_once(volunteers)
    assert errors == []
    streams = set(Assignment.objects.values_list("stream", flat=True))
    assert {"pool", "active", "audit", "batch"} <= streams
    assert not Assignment.objects.filter(state="open").exists()
    for glitch in Glitch.objects.filter(gold_labels=None):
        assert glitch.leases_open == 0
        done = glitch.retired_at is not None or glitch.votes.count() >= len(volunteers)
        assert done, "an open glitch was left that somebody had not seen"
    asked = AuditedGlitch.objects.filter(asked_at__isnull=False)
    votes = Vote.objects.filter(glitch__audited__in=asked, assignment__stream="audit")
    assert votes.filter(after_retirement=True).count() == 3 * 3


class never_over_limit:  # noqa: N801 (used as a block)
    """While it holds, a write that takes a glitch or a place in a batch over its limit fails."""

    TABLES = ("labeling_glitch", "labeling_batchglitch")

    def __enter__(self):
        with connection.cursor() as cursor:
            for table in self.TABLES:
                cursor.execute(
                    f"ALTER TABLE {table} ADD CONSTRAINT within_limit"
                    " CHECK (votes_count + leases_open <= votes_needed)"
                )

    def __exit__(self, *error):
        with connection.cursor() as cursor:
            for table in self.TABLES:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT within_limit")


def all_at_once(volunteers):
    """Each votes in a thread of its own until nothing is left for anybody; what went wrong.

    The end: each has asked three times since the last vote of anybody, and got nothing. (Three,
    since what another locks at that moment is passed over.)
    """
    barrier = threading.Barrier(len(volunteers))
    end = time.monotonic() + 300
    errors = []
    in_vain = Counter()

    def work(volunteer):
        rng = np.random.default_rng(volunteer.pk)
        try:
            barrier.wait()
            while not errors and any(in_vain[v.pk] < 3 for v in volunteers):
                assert time.monotonic() < end, "some never came to an end"
                shown = next_assignments(volunteer, want=2, rng=rng)
                if not shown:
                    in_vain[volunteer.pk] += 1
                    time.sleep(0.05)
                    continue
                in_vain.clear()
                answer = (
                    {"alike": bool(rng.integers(2))}
                    if shown[0].proposal_id is not None
                    else {"label": str(rng.choice(LABELS))}
                )
                record_vote(volunteer, shown[0].pk, idempotency_key=uuid.uuid4(), **answer)
                in_vain.clear()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(v,)) for v in volunteers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
