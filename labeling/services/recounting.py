"""Gold that was relabeled: what its answers had taught of skills is taught anew."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from labeling.models import Glitch, GlitchClass, Skill, User, Vote
from labeling.services.skills import Cells, cells_of, gold_weight, new_skill


def recount_gold_answers(glitch: Glitch, old: GlitchClass, new: GlitchClass | None) -> int:
    """Count the answers to a gold glitch by its new class, or no more; returns how many.

    As with the vote itself an answer counts where the class was on its page, with the weight of
    its day. Nobody falls a level; who has risen by it does so with the next gold answer. The
    caller holds the glitch, so that no answer comes meanwhile; volunteers are locked in their
    order, and what is written are four statements however many answered.
    """
    answered = Vote.objects.filter(glitch=glitch, was_gold=True, voted__isnull=False)
    votes = {v.volunteer_id: v for v in answered.select_related("voted", "offered")}
    held = User.objects.select_for_update(no_key=True, of=("self",)).select_related("skill")
    volunteers = list(held.filter(pk__in=votes).order_by("pk"))
    now = timezone.now()
    skills = [_recount(v, votes[v.pk], old, new, now) for v in volunteers]
    Skill.objects.bulk_create(skills)
    for volunteer, skill in zip(volunteers, skills, strict=True):
        volunteer.skill = skill
    User.objects.bulk_update(volunteers, ["gold_seen", "gold_correct", "skill"], batch_size=1000)
    return len(volunteers)


def _recount(
    volunteer: User, vote: Vote, old: GlitchClass, new: GlitchClass | None, now: datetime
) -> Skill:
    cells = cells_of(volunteer.skill)
    for truth, sign in _changes(vote, old, new):
        if _count(cells, truth, vote, sign):
            volunteer.gold_seen = max(volunteer.gold_seen + sign, 0)
            right = sign if vote.voted_id == truth.pk else 0
            volunteer.gold_correct = min(
                max(volunteer.gold_correct + right, 0), volunteer.gold_seen
            )
    return new_skill(volunteer, cells, now)


def _changes(
    vote: Vote, old: GlitchClass, new: GlitchClass | None
) -> Iterator[tuple[GlitchClass, int]]:
    on_page = vote.offered.labels if vote.offered else []
    if old.label in on_page:
        yield old, -1
    if new is not None and new.label in on_page:
        yield new, +1


def _count(cells: Cells, truth: GlitchClass, vote: Vote, sign: int) -> bool:
    """Add or take one answer; False where none is there to be taken."""
    place = (truth.pk, vote.voted_id or 0)
    count, weight = cells.pop(place, (0, 0.0))
    count += sign
    if count > 0:
        cells[place] = (count, max(weight + sign * gold_weight(vote.created_at), 0.0))
    return count >= 0
