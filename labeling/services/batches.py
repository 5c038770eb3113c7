"""Batches: the members of a proposal, their neighbours and decoys, put to volunteers."""

from collections import Counter
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from labeling.models import (
    Batch,
    BatchGlitch,
    Embedding,
    Glitch,
    GoldLabel,
    Proposal,
    ProposalMember,
    User,
    Vote,
)
from labeling.selectors.embeddings import nearest_embeddings
from labeling.selectors.examples import shown_gold
from labeling.selectors.pool import unknown_glitches
from ml.crowd.batch import chance_right, probability_belongs

PRIOR = {BatchGlitch.Part.MEMBER: 0.7, BatchGlitch.Part.NEIGHBOUR: 0.3}
DECOYS_SHARE = 0.15
NEIGHBOURS_SHARE = 0.6


def create_batch(proposal: Proposal, *, seed: int) -> Batch:
    """Open the batch of a proposal. The caller holds the proposal and its transaction."""
    # Since the discovery an expert may have labeled one, or another vote may be deciding it.
    asked_elsewhere = BatchGlitch.objects.filter(
        batch__state=Batch.State.OPEN, part=BatchGlitch.Part.MEMBER
    )
    free = proposal.members.filter(glitch__gold_labels__isnull=True).exclude(
        glitch__in=asked_elsewhere.values("glitch_id")
    )
    members = list(free.values_list("glitch_id", flat=True))
    medoids = list(proposal.members.filter(is_medoid=True).values_list("glitch_id", flat=True))
    neighbours = _neighbours(proposal, members, round(NEIGHBOURS_SHARE * len(members)))
    decoys = _decoys(proposal, max(3, round(DECOYS_SHARE * len(members))), seed)
    batch = Batch.objects.create(proposal=proposal)
    parts = [
        *((glitch_id, BatchGlitch.Part.MEMBER) for glitch_id in members),
        *((glitch_id, BatchGlitch.Part.NEIGHBOUR) for glitch_id in neighbours),
        *((glitch_id, BatchGlitch.Part.DECOY) for glitch_id in decoys),
    ]
    keys = np.random.default_rng(seed).random(len(parts))
    BatchGlitch.objects.bulk_create(
        BatchGlitch(
            batch=batch,
            glitch_id=glitch_id,
            part=part,
            queue_key=float(key),
            votes_needed=batch.votes_min,
            # The medoids are the pictures beside the question: the reviewer vouched for them.
            decided_at=timezone.now() if glitch_id in medoids else None,
            confirmed=True if glitch_id in medoids else None,
            belongs=1.0 if glitch_id in medoids else None,
        )
        for (glitch_id, part), key in zip(parts, keys, strict=True)
    )
    return batch


def _neighbours(proposal: Proposal, members: list[int], count: int) -> list[int]:
    """The unknowns nearest to the medoids that no cluster holds which is still to be decided."""
    version = proposal.discovery_run.embedding
    centres = Embedding.objects.filter(
        glitch__proposal_members__in=proposal.members.filter(is_medoid=True),
        model_version=version,
    ).values_list("vector", flat=True)
    vectors = [np.asarray(vector) for vector in centres]
    if not vectors or count == 0:
        return []
    undecided = [Proposal.State.PROPOSED, Proposal.State.IN_VOTE]
    claimed = ProposalMember.objects.filter(proposal__state__in=undecided)
    free = (
        Embedding.objects.filter(model_version=version, glitch__in=unknown_glitches())
        .exclude(glitch_id__in=members)
        .exclude(glitch__in=claimed.values("glitch_id"))
    )
    near = nearest_embeddings(free, np.mean(vectors, axis=0).tolist(), count)
    return [glitch_id for glitch_id, _ in near]


def _decoys(proposal: Proposal, count: int, seed: int) -> list[int]:
    """Gold glitches of known classes, half of them of the nearest class where there is one.

    What the field guide shows comes last: everybody knows what it is.
    """
    rng = np.random.default_rng(seed)
    shown = set(shown_gold().values_list("glitch_id", flat=True))
    gold = GoldLabel.objects.exclude(glitch__proposal_members__proposal=proposal).order_by("pk")
    near = gold.filter(glitch_class=proposal.nearest_class)
    far = gold.exclude(glitch_class=proposal.nearest_class)

    def drawn(queryset: QuerySet[GoldLabel]) -> list[int]:
        ids = [int(i) for i in rng.permutation(list(queryset.values_list("glitch_id", flat=True)))]
        return sorted(ids, key=lambda glitch_id: glitch_id in shown)

    chosen = drawn(near)[: count // 2]
    return chosen + drawn(far)[: count - len(chosen)]


def decide_batch_glitch(batch_glitch: BatchGlitch, now: datetime) -> bool:
    """Settle a glitch of a batch where its votes suffice; True where they do.

    The caller holds the row and has counted the vote on it; it is saved with its counts.
    """
    batch = batch_glitch.batch
    votes, chances = _votes_and_chances(batch, batch_glitch.glitch_id)
    prior = PRIOR.get(BatchGlitch.Part(batch_glitch.part), 0.5)
    batch_glitch.belongs = probability_belongs(
        prior,
        [bool(vote.alike) for vote in votes],
        [chances[vote.volunteer_id] for vote in votes],
    )
    certainty = max(batch_glitch.belongs, 1 - batch_glitch.belongs)
    enough = len(votes) >= batch.votes_min and certainty >= batch.threshold
    if enough or len(votes) >= batch.votes_max:
        batch_glitch.decided_at = now
        if batch_glitch.part != BatchGlitch.Part.DECOY:
            batch_glitch.confirmed = batch_glitch.belongs > 0.5
    else:
        more = max(batch_glitch.leases_open, 1)
        batch_glitch.votes_needed = max(len(votes) + more, batch.votes_min)
    counts = ["votes_count", "leases_open", "votes_needed"]
    batch_glitch.save(update_fields=["belongs", "decided_at", "confirmed", *counts])
    return batch_glitch.decided_at is not None


def _votes_and_chances(batch: Batch, glitch_id: int) -> tuple[list[Vote], dict[int, float]]:
    """The votes on a glitch of a batch, and each voter's chance to be right.

    The chance is from gold and from the answers to this batch's decoys: one query for both.
    """
    is_decoy = Q(part=BatchGlitch.Part.DECOY)
    # One list of glitches, by which the index finds the votes; an OR would read all of the batch.
    asked = batch.batch_glitches.filter(is_decoy | Q(glitch_id=glitch_id))
    decoy = batch.batch_glitches.filter(is_decoy, glitch=OuterRef("glitch"))
    cast = Vote.objects.filter(batch=batch)
    voters = cast.filter(glitch_id=glitch_id).values("volunteer_id")
    found = (
        cast.filter(glitch__in=asked.values("glitch_id"), volunteer__in=voters)
        .annotate(on_decoy=Exists(decoy))
        .select_related("volunteer")
        .order_by("pk")
    )
    people: dict[int, User] = {}
    seen: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for vote in found:
        people[vote.volunteer_id] = vote.volunteer
        seen[vote.volunteer_id] += int(vote.on_decoy)
        right[vote.volunteer_id] += int(vote.on_decoy and not vote.alike)
    chances = {
        pk: chance_right(v.gold_correct + right[pk], v.gold_seen + seen[pk])
        for pk, v in people.items()
    }
    return [vote for vote in found if vote.glitch_id == glitch_id], chances


@transaction.atomic
def close_batch_if_decided(batch_id: int) -> bool:
    """Close an open batch once every glitch in it is decided; True where this call closed it."""
    batch = Batch.objects.select_for_update(no_key=True).get(pk=batch_id)
    open_glitches = batch.batch_glitches.filter(decided_at__isnull=True)
    # Decoys measure the volunteers; they need not all be answered.
    if batch.state != Batch.State.OPEN:
        return False
    if open_glitches.exclude(part=BatchGlitch.Part.DECOY).exists():
        return False
    batch.state = Batch.State.CLOSED
    batch.closed_at = timezone.now()
    batch.save(update_fields=["state", "closed_at"])
    return True


def confirmed_glitches(batch: Batch) -> list[Glitch]:
    """What volunteers confirmed; whoever an expert labeled meanwhile keeps that label."""
    confirmed = Glitch.objects.filter(
        batch_glitches__batch=batch, batch_glitches__confirmed=True, gold_labels__isnull=True
    )
    return list(confirmed.order_by("pk"))


def end_batch(batch: Batch) -> None:
    """Close a batch whatever is undecided: with enough votes the likelier side counts, else no.

    The caller holds the proposal and its transaction.
    """
    now = timezone.now()
    undecided = batch.batch_glitches.select_for_update(no_key=True).filter(decided_at=None)
    for row in undecided.exclude(part=BatchGlitch.Part.DECOY).order_by("pk"):
        row.decided_at = now
        row.confirmed = row.votes_count >= batch.votes_min and (row.belongs or 0) > 0.5
        row.save(update_fields=["decided_at", "confirmed"])
    batch.state = Batch.State.CLOSED
    batch.closed_at = now
    batch.save(update_fields=["state", "closed_at"])
