"""The random audit: a sample of all glitches, asked again whatever the ordinary way made of them.

A glitch is drawn when the lower digits of its ``queue_key`` lie below ``AUDIT_RATE``: a number of
chance that it keeps for life (a permanent random number, Ohlsson 1995), that has nothing to do
with what it shows, what is predicted of it or where it stands in a queue. So each was drawn with
the same known probability, those to come like those long retired, and the draw can be repeated.

An open one gets its ordinary votes sooner. Once retired it is asked ``AUDIT_VOTES`` times more, at
the highest level, where every class is on offer: a level below would share the bias of what sent
the glitch there. These votes come after the retirement, so they change no consensus, nor does a
change of policy count them; the audit's verdict comes from them alone, without the classifier and
without late votes of those who had the glitch from elsewhere.
"""

from datetime import datetime

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Floor

from labeling.models import (
    Assignment,
    AuditedGlitch,
    Glitch,
    GoldLabel,
    ModelVersion,
    Pick,
    PickList,
    Prediction,
    Vote,
    Workflow,
)
from labeling.selectors.latest import look_after
from labeling.selectors.versions import active_version
from labeling.services.consensus import cast_votes
from labeling.services.picks import is_used_up, replace_picks
from labeling.services.policies import BY_PEOPLE
from labeling.services.standing import CastBefore
from labeling.services.taxonomy import current_taxonomy
from ml.crowd.consensus import bayes

LOWER_DIGITS = 2**20
LISTED = 500
AGREED = (Glitch.RetireReason.CONSENSUS, Glitch.RetireReason.NOTHING_HERE)


def audit(now: datetime) -> None:
    """Draw what is new, ask about what was retired, judge what has its votes, list the rest.

    Each step finds what is missing; run again at once, it finds nothing.
    """
    draw_glitches(settings.AUDIT_RATE)
    ask_again(now)
    judge()
    list_audited()


def draw_glitches(rate: float, *, from_all: bool = False) -> int:
    """Draw from the glitches with this probability; how many are new.

    Gold is left out, since its answer is known, and what is reserved. A raised rate draws more of
    the old ones too: then it is the probability of all. Otherwise those up to the last one drawn
    have had their draw, and are passed over unless ``from_all``.
    """
    if rate == 0:
        return 0
    had = AuditedGlitch.objects.filter(probability__gte=rate).order_by("-glitch_id")
    last = None if from_all else had.values_list("glitch_id", flat=True).first()
    place = F("queue_key") * LOWER_DIGITS
    drawn = Glitch.objects.alias(chance=place - Floor(place)).filter(
        pk__gt=look_after(last),
        chance__lt=rate,
        is_reserved=False,
        gold_labels=None,
        audited=None,
    )
    rows = [
        AuditedGlitch(glitch_id=pk, probability=rate) for pk in drawn.values_list("pk", flat=True)
    ]
    AuditedGlitch.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    AuditedGlitch.objects.filter(probability__lt=rate).update(probability=rate)
    return len(rows)


def ask_again(now: datetime) -> int:
    """Ask for the audit's votes on drawn glitches that were retired; how many."""
    reopened = AuditedGlitch.objects.filter(asked_at__isnull=False, glitch__retired_at=None)
    reopened.update(asked_at=None, found_class=None, found_agreement=None)
    due = AuditedGlitch.objects.filter(
        asked_at=None,
        glitch__retired_at__isnull=False,
        glitch__is_reserved=False,
        glitch__gold_labels=None,
    ).exclude(glitch__retire_reason__in=BY_PEOPLE)
    return sum(_ask(pk, now) for pk in due.order_by("pk").values_list("glitch", flat=True))


@transaction.atomic
def _ask(glitch_id: int, now: datetime) -> bool:
    """Write down what the ordinary way has made of the glitch, and raise its limit of votes."""
    glitch = Glitch.objects.select_for_update(no_key=True).get(pk=glitch_id)
    row = AuditedGlitch.objects.get(glitch=glitch)
    if glitch.retired_at is None or row.asked_at is not None:
        return False
    consensus = getattr(glitch, "consensus", None)
    predicted = Prediction.objects.filter(
        glitch=glitch, model_version=active_version(ModelVersion.Role.CLASSIFIER)
    )
    agreed = consensus is not None and glitch.retire_reason in AGREED
    row.agreed_class_id = consensus.top_class_id if agreed and consensus else None
    row.predicted_class_id = predicted.values_list("top_class", flat=True).first()
    row.asked_at, row.votes_wanted = now, settings.AUDIT_VOTES
    row.save()
    # Those who have it open from before may vote too, and late.
    glitch.votes_needed = glitch.votes_count + glitch.leases_open + row.votes_wanted
    glitch.save(update_fields=["votes_needed"])
    return True


def judge() -> int:
    """Write down what the audit's votes say where all are in; how many."""
    asked = AuditedGlitch.objects.filter(asked_at__isnull=False, found_class=None)
    no_place_left = Q(
        glitch__retired_at__isnull=False, glitch__votes_count__gte=F("glitch__votes_needed")
    )
    full = list(asked.filter(no_place_left).values_list("pk", flat=True))
    given = Q(
        glitch__votes__created_at__gte=F("asked_at"),
        glitch__votes__assignment__stream=Assignment.Stream.AUDIT,
    )
    enough = asked.annotate(votes=Count("glitch__votes", filter=given)).filter(
        Q(votes__gte=F("votes_wanted")) | Q(glitch__gold_labels__isnull=False)
    )
    rows = list(enough)
    if rows:
        current_taxonomy(newer=True)
    for row in rows:
        row.found_class_id, row.found_agreement = _verdict(row)
    AuditedGlitch.objects.bulk_update(rows, ["found_class", "found_agreement"], batch_size=500)
    # Reopened and retired again before anybody looked: others' votes took the places.
    AuditedGlitch.objects.filter(pk__in=full, found_class=None).update(asked_at=None)
    return len(rows)


def _verdict(row: AuditedGlitch) -> tuple[int, float]:
    """The class (id) and its probability: by an expert, else by the audit's votes alone."""
    gold = GoldLabel.objects.filter(glitch=row.glitch_id).first()
    if gold is not None:
        return gold.glitch_class_id, 1.0
    taxonomy = current_taxonomy()
    votes = Vote.objects.filter(
        glitch=row.glitch_id,
        assignment__stream=Assignment.Stream.AUDIT,
        created_at__gte=row.asked_at,
    )
    cast = [
        CastBefore(*vote)
        for vote in votes.order_by("pk").values_list(
            "voted", "offered", "workflow", "volunteer__skill"
        )
    ]
    axis = taxonomy.axis
    evidence = cast_votes(axis, taxonomy.mask_of_list, cast, taxonomy.skill_prior)
    agreement = bayes(axis.class_prior, evidence, axis.none_of_the_above)
    return axis.ids[agreement.top], agreement.value


def list_audited() -> None:
    """Bring the lists of what the audit stream lends up to date, level by level.

    A full list, of which there may be more, stands until it is used up.
    """
    levels = list(Workflow.objects.filter(is_open=True).order_by("level"))
    for workflow in levels:
        selection = workflow.selection()
        made, _ = PickList.objects.get_or_create(workflow=workflow, stream=PickList.Stream.AUDIT)
        if selection.audit > 0 and made.size == LISTED and not is_used_up(made):
            continue
        wanted: list[tuple[int, float, bool]] = []
        # Whom an audited glitch is shown does not depend on its look. Where that is the ordinary
        # way, an open one takes it like all others, or it would not stand for them.
        if selection.audit > 0 and not selection.route_by_skill:
            wanted += _still_open(workflow)
        if selection.audit > 0 and workflow == levels[-1]:
            wanted += _asked_again()
        _list(made, wanted)


def _still_open(workflow: Workflow) -> list[tuple[int, float, bool]]:
    found = _without_gold().filter(glitch__workflow=workflow, glitch__retired_at=None)
    return [(*row, False) for row in found.values_list("glitch", "probability")]


def _asked_again() -> list[tuple[int, float, bool]]:
    found = _without_gold().filter(
        asked_at__isnull=False,
        glitch__retired_at__isnull=False,
        glitch__votes_needed__gt=F("glitch__votes_count"),
    )
    return [(*row, True) for row in found.values_list("glitch", "probability")]


def _without_gold() -> QuerySet[AuditedGlitch]:
    usable = AuditedGlitch.objects.filter(glitch__is_reserved=False, glitch__gold_labels=None)
    return usable.order_by("pk")


def _list(made: PickList, wanted: list[tuple[int, float, bool]]) -> None:
    """At most ``LISTED`` of them by chance; where there are more, others each time."""
    listed = set(made.picks.values_list("glitch", "after_retirement"))
    if listed == {(glitch_id, after) for glitch_id, _, after in wanted}:
        return
    rng = np.random.default_rng([made.workflow_id, made.version])
    order = rng.permutation(len(wanted))[:LISTED]
    chosen = [wanted[i] for i in order]
    rows = (
        Pick(rank=rank, glitch_id=pk, after_retirement=after, why={"probability": probability})
        for rank, (pk, probability, after) in enumerate(chosen)
    )
    replace_picks(made, rows)
