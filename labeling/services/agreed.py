"""Answers on glitches that only the crowd settled, counted in skills with less weight than gold.

A worker counts the votes of each glitch once, some time after its retirement: in the same
transaction it marks the glitch, so that killed or run twice it counts nothing twice and leaves
nothing out. Each vote is spread over the classes as the posterior is that retired its glitch. All
glitches count that votes retired, also those given up without agreement: who was measured only
where the crowd agreed would look better than they are.

A volunteer's own vote has its part in that posterior, by the skill of before, which knew nothing of
this glitch: an E-step of online EM (Cappe & Moulines 2009). Judged by the others alone, as in the
messages of Karger, Oh & Shah (2011), everybody looks worse than they are, for the others are never
sure: docs/crowd.md has the figures of both.

What is reopened later stays counted as it was; votes that it gets afterwards, and late votes on
what is retired, are counted by the next refit, which counts everything anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection, transaction

from labeling.models import AgreedAnswers, Consensus, Glitch, GoldLabel, User, Vote, Workflow
from labeling.models.glitches import RETIRED_BY_VOTES
from labeling.services.consensus import cast_votes
from labeling.services.locks import crowd_lock
from labeling.services.skills import days
from labeling.services.standing import CastBefore
from labeling.services.taxonomy import Axis, Taxonomy, current_taxonomy
from ml.crowd.answers import DEFAULT_WEIGHTS, count_consensus, count_gold
from ml.crowd.consensus import Vector, bayes
from ml.crowd.pages import as_asked
from ml.crowd.skill import Matrix

# By then its votes can no longer be taken back, and a slip in a policy has been put right.
SETTLED = timedelta(hours=1)
# Glitches a transaction: about as many votes as there are volunteers on a busy site.
CHUNK = 1000
STORED_AT_ONCE = 500
# In answers: what a cell must hold to be kept.
NEGLIGIBLE = 1e-5

# What takes the place of a volunteer's agreed answers (ids); None: nothing.
AgreedByVolunteer = Mapping[int, int | None]

# After the locks, in a statement of its own: one that had to wait for a lock would still see the
# skills as they were when it began, and an answer on gold given meanwhile would be lost.
SWITCH = """
WITH made AS (
    INSERT INTO labeling_skill
        (volunteer_id, truths, votes, counts, weights, agreed_id, created_at)
    SELECT u.id, coalesce(s.truths, '{}'), coalesce(s.votes, '{}'), coalesce(s.counts, '{}'),
        coalesce(s.weights, '{}'), new.agreed_id, %(now)s
    FROM unnest(%(volunteers)s::bigint[], %(agreed)s::bigint[]) new (volunteer_id, agreed_id)
    JOIN labeling_user u ON u.id = new.volunteer_id
    LEFT JOIN labeling_skill s ON s.id = u.skill_id
    RETURNING id, volunteer_id
)
UPDATE labeling_user u SET skill_id = made.id FROM made WHERE u.id = made.volunteer_id
"""


def count_agreed_answers(now: datetime, settled: timedelta = SETTLED) -> int:
    """Count the votes of every glitch that is due; returns how many glitches that were."""
    with crowd_lock() as is_mine:
        return count_due(now, settled) if is_mine else 0


def count_due(now: datetime, settled: timedelta = SETTLED) -> int:
    """As ``count_agreed_answers``, where the caller holds ``crowd_lock``."""
    counted = 0
    while some := _count_some(now, now - settled):
        counted += some
    return counted


@transaction.atomic
def switch_agreed(agreed: AgreedByVolunteer, now: datetime) -> None:
    """Give each volunteer (id) a skill with these agreed answers and the gold answers of now.

    The caller holds ``crowd_lock``; locks are taken on volunteers in the order of their ids. An
    answer on gold waits for the end of this transaction, or this one for it: none is lost.
    """
    volunteers = sorted(agreed)
    held = User.objects.filter(pk__in=volunteers).order_by("pk").select_for_update(no_key=True)
    list(held.values_list("pk"))
    values: dict[str, Any] = {
        "volunteers": volunteers,
        "agreed": [agreed[pk] for pk in volunteers],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(SWITCH, values)


def store_agreed(rows: Iterable[AgreedAnswers]) -> dict[int, int]:
    """Save the rows, some at a time; volunteer (id) -> row (id). Nobody goes by them yet."""
    waiting, stored = iter(rows), {}
    while some := list(islice(waiting, STORED_AT_ONCE)):
        made = AgreedAnswers.objects.bulk_create(some)
        stored.update({row.volunteer_id: row.pk for row in made})
    return stored


@dataclass(frozen=True)
class Judged:
    """A vote and what is known of its glitch.

    ``posterior``: (C,) over what was on the page; 1 at the truth where experts said it.
    """

    volunteer: int
    voted: int
    at: float
    posterior: Vector
    is_gold: bool


@transaction.atomic
def _count_some(now: datetime, settled_before: datetime) -> int:
    due = Glitch.objects.filter(
        retired_at__isnull=False,
        retired_at__lte=settled_before,
        retire_reason__in=RETIRED_BY_VOTES,
        answers_counted=False,
    ).order_by("retired_at")
    held = due.select_for_update(no_key=True, skip_locked=True)
    ids = list(held.values_list("pk", flat=True)[:CHUNK])
    if not ids:
        return 0
    taxonomy = current_taxonomy(newer=True)
    switch_agreed(store_agreed(_added(taxonomy.axis, _judge(ids, taxonomy), now)), now)
    Glitch.objects.filter(pk__in=ids).update(answers_counted=True)
    return len(ids)


def _judge(glitch_ids: Sequence[int], taxonomy: Taxonomy) -> Iterable[Judged]:
    """The votes on these glitches, but for those that counted as gold when they were given."""
    votes = defaultdict(list)
    asked = Vote.objects.filter(glitch__in=glitch_ids, batch=None, voted__isnull=False)
    for vote in asked.exclude(offered=None).order_by("pk"):
        votes[vote.glitch_id].append(vote)
    gold = dict(GoldLabel.objects.filter(glitch__in=votes).values_list("glitch", "glitch_class"))
    agreed = Consensus.objects.filter(glitch__in=votes).exclude(prior=[])
    for row in agreed.select_related("class_list"):
        yield from _judge_one(row, votes[row.glitch_id], gold.get(row.glitch_id), taxonomy)


def _judge_one(
    row: Consensus, votes: Sequence[Vote], gold: int | None, taxonomy: Taxonomy
) -> Iterable[Judged]:
    axis = taxonomy.axis
    posterior = np.zeros(len(axis.ids))
    if gold is None:
        known = axis.as_of(row.class_list)
        posterior[: len(known.ids)] = _posterior(row, votes, known, taxonomy)
    else:
        posterior[axis.ids.index(gold)] = 1.0
    for vote in votes:
        if vote.was_gold or vote.voted_id not in axis.ids:
            continue
        offered = taxonomy.mask_of_list(vote.offered_id or 0)
        yield Judged(
            volunteer=vote.volunteer_id,
            voted=axis.ids.index(vote.voted_id),
            at=days(vote.created_at),
            posterior=np.asarray(
                as_asked(posterior, offered, axis.none_of_the_above), dtype=np.float64
            ),
            is_gold=gold is not None,
        )


def _posterior(row: Consensus, votes: Sequence[Vote], axis: Axis, taxonomy: Taxonomy) -> Vector:
    """(C,) on the row's own axis: what ``bayes`` made of the votes and skills that the row names.

    The other rules' agreements are no probabilities; what they went by gives them.
    """
    if row.rule == Workflow.Rule.BAYES:
        return np.asarray(row.agreement)
    named = [
        CastBefore(vote.voted_id or 0, vote.offered_id or 0, vote.workflow_id, skill)
        for vote, skill in zip(_evidence(votes), row.skills, strict=False)
    ]
    labels_of = taxonomy.labels_of_list
    cast = cast_votes(axis, lambda pk: axis.mask(labels_of(pk)), named, row.skill_prior_id)
    return bayes(np.asarray(row.prior), cast, axis.none_of_the_above).by_class


def _evidence(votes: Sequence[Vote]) -> list[Vote]:
    """Those that the consensus went by, one to each of its skills."""
    return [vote for vote in votes if not vote.after_retirement]


def _added(axis: Axis, judged: Iterable[Judged], now: datetime) -> Iterator[AgreedAnswers]:
    """A row a volunteer: the agreed answers of before and these."""
    size = len(axis.ids)
    stored: dict[int, Matrix] = defaultdict(lambda: np.zeros((size, size)))
    answers: dict[int, int] = defaultdict(int)
    for vote in judged:
        answers[vote.volunteer] += 1
        if vote.is_gold:
            truth = int(vote.posterior.argmax())
            count_gold(stored[vote.volunteer], truth, vote.voted, vote.at)
        else:
            count_consensus(stored[vote.volunteer], vote.posterior, vote.voted, vote.at)
    before = AgreedAnswers.objects.filter(
        pk__in=User.objects.filter(pk__in=stored).values("skill__agreed")
    )
    place = {pk: index for index, pk in enumerate(axis.ids)}
    for row in before:
        answers[row.volunteer_id] += row.answers
        cells = zip(row.truths, row.votes, row.weights, strict=True)
        for truth_id, voted_id, weight in cells:
            stored[row.volunteer_id][place[truth_id], place[voted_id]] += weight
    return (agreed_row(pk, axis, stored[pk], answers[pk], now) for pk in stored)


def agreed_row(
    volunteer_id: int, axis: Axis, stored: Matrix, answers: int, now: datetime
) -> AgreedAnswers:
    """A row, not saved yet, of stored answers, (C, C); what is next to nothing is left out."""
    truths, votes = np.nonzero(stored > NEGLIGIBLE * DEFAULT_WEIGHTS.growth(days(now)))
    return AgreedAnswers(
        volunteer_id=volunteer_id,
        truths=[axis.ids[truth] for truth in truths],
        votes=[axis.ids[voted] for voted in votes],
        weights=stored[truths, votes].astype(float).tolist(),
        answers=answers,
        created_at=now,
    )
