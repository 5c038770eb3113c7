"""Discovery: asked for, its pool frozen, its findings stored as proposals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import (
    DiscoveryRun,
    Embedding,
    Glitch,
    GlitchClass,
    ModelVersion,
    Proposal,
    ProposalEvent,
    ProposalMember,
    User,
)
from labeling.models.runs import Run
from labeling.selectors.pool import unknown_glitches
from labeling.selectors.versions import active_version
from labeling.services.activation import activate
from labeling.services.audit import record_deed
from labeling.services.reasons import OF_A_RUN, checked_reason
from labeling.services.runs import end_run, held
from labeling.services.training_results import next_number
from labeling.services.weights import check_file

POOL_MIN = 10
SECONDS_PER_WEEK = 7 * 24 * 3600
# A cluster is the same as an earlier one from this likeness of their members on; a rejected one
# comes back only with this much more members than it had.
SAME_CLUSTER = 0.5
NEW_EVIDENCE = 1.5


@transaction.atomic
def request_discovery(by: User | None, reason: str, seed: int = 0) -> DiscoveryRun:
    """Ask for a search of the pool of unknowns and return its row; one under way is given again.

    Raises LabelingError ``no_active_classifier`` or ``pool_too_small``.
    """
    reason = checked_reason(reason, OF_A_RUN)
    live = DiscoveryRun.objects.filter(state__in=Run.LIVE).first()
    if live is not None:
        return live
    if active_version(ModelVersion.Role.CLASSIFIER) is None:
        raise LabelingError(
            _("Discovery needs an active classifier: train one first."), code="no_active_classifier"
        )
    size = unknown_glitches().count()
    if size < POOL_MIN:
        raise LabelingError(
            _(
                "The pool of unknowns holds %(size)s glitches; %(pool_min)s are needed to find a "
                "cluster. Wait for more votes."
            )
            % {"size": size, "pool_min": POOL_MIN},
            code="pool_too_small",
            size=size,
        )
    run, is_new = DiscoveryRun.objects.get_or_create(
        state__in=Run.LIVE,
        defaults={"requested_by": by, "reason": reason, "settings": {"seed": seed}},
    )
    if not is_new:  # somebody else asked at the same time
        return run
    record_deed(by, "request_discovery", f"discovery {run.pk}", reason=reason)
    jobs.enqueue_on_commit(jobs.RUN_DISCOVERY, run_id=run.pk)
    return run


@transaction.atomic
def freeze_pool(run: DiscoveryRun) -> list[int]:
    """Write down which glitches the run searches, once, and return their ids."""
    run = DiscoveryRun.objects.select_for_update().get(pk=run.pk)
    if not run.glitch_ids:
        run.glitch_ids = list(unknown_glitches().values_list("pk", flat=True))
        run.pool_size = len(run.glitch_ids)
        run.save(update_fields=["glitch_ids", "pool_size"])
    return run.glitch_ids


@dataclass(frozen=True)
class Found:
    """A cluster worth showing. ``distances``: glitch id -> distance to the centre."""

    method: str
    distances: Mapping[int, float]
    medoids: Sequence[int]
    cohesion: float
    stability: float
    nearest_label: str | None
    nearest_distance: float | None
    evidence: str


@dataclass(frozen=True)
class Discovered:
    """What a discovery hands over: the embedding chosen, all vectors (200-d), the clusters."""

    weights: str
    weights_sha256: str
    measured: list[dict[str, Any]]
    chosen: str
    reason: str
    vectors: Mapping[int, Sequence[float]]
    found: Sequence[Found]
    left_out: Sequence[dict[str, Any]] = ()


def finish_discovery(run: DiscoveryRun, discovered: Discovered) -> list[Proposal] | None:
    """Store the embedding version, the vectors and the proposals in one transaction.

    Vectors of earlier versions that nothing needs any more are deleted.

    None where the run was taken from this worker meanwhile: then another one finishes it.
    ConflictError ``missing_weights`` or ``damaged_weights`` where its file is not what was fitted.
    """
    check_file(discovered.weights, discovered.weights_sha256, _("The new version"))
    with transaction.atomic():
        row = held(run).select_for_update().first()
        if row is None:
            return None
        row.embedding = _store_embedding(discovered)
        row.measured = discovered.measured
        row.left_out = list(discovered.left_out)
        row.save(update_fields=["embedding", "measured", "left_out"])
        proposals = [_propose(row, found) for found in discovered.found if not _is_known(found)]
        _delete_idle_vectors(row.embedding)
        end_run(run, Run.State.SUCCEEDED)
        return proposals


def _store_embedding(discovered: Discovered) -> ModelVersion:
    role = ModelVersion.Role.EMBEDDING
    current = active_version(role)
    version = ModelVersion.objects.create(
        role=role,
        number=next_number(role),
        weights=discovered.weights,
        weights_sha256=discovered.weights_sha256,
        metrics={"chosen": discovered.chosen, "measured": discovered.measured},
        decision_reason=discovered.reason,
    )
    activate(version, instead_of=current.pk if current else None, by=None)
    Embedding.objects.bulk_create(
        (
            Embedding(glitch_id=glitch_id, model_version=version, vector=list(vector))
            for glitch_id, vector in discovered.vectors.items()
        ),
        batch_size=500,
    )
    return version


def _delete_idle_vectors(version: ModelVersion) -> None:
    """All but those of ``version``, of the one to roll back to, and of proposals without a batch.

    One index holds the vectors of all versions, and each search for neighbours walks through them.
    """
    undecided = Proposal.objects.filter(state=Proposal.State.PROPOSED)
    needed = {version.pk, version.replaces_id}
    needed |= {*undecided.values_list("discovery_run__embedding", flat=True)}
    Embedding.objects.exclude(model_version__in=needed - {None}).delete()


def _is_known(found: Found) -> bool:
    """Whether an earlier proposal says the same and nothing has been added since."""
    members = set(found.distances)
    earlier = Proposal.objects.filter(members__glitch__in=members).distinct()
    for proposal in earlier.prefetch_related("members"):
        before = {m.glitch_id for m in proposal.members.all()}
        likeness = len(members & before) / len(members | before)
        grown = len(members) >= NEW_EVIDENCE * len(before)
        if proposal.state == Proposal.State.REJECTED and grown:
            continue
        if likeness >= SAME_CLUSTER or (not grown and before >= members):
            return True
    return False


def _propose(run: DiscoveryRun, found: Found) -> Proposal:
    glitches = Glitch.objects.in_bulk(list(found.distances))
    times = [g.event_time for g in glitches.values() if g.event_time is not None]
    weeks = Counter(int(t // SECONDS_PER_WEEK) for t in times)
    proposal = Proposal.objects.create(
        discovery_run=run,
        method=found.method,
        cohesion=found.cohesion,
        stability=found.stability,
        nearest_class=GlitchClass.objects.filter(label=found.nearest_label).first(),
        nearest_distance=found.nearest_distance,
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        counts_by_ifo=dict(Counter(g.ifo for g in glitches.values())),
        counts_by_week={str(week * SECONDS_PER_WEEK): n for week, n in sorted(weeks.items())},
        evidence=found.evidence,
    )
    ProposalMember.objects.bulk_create(
        ProposalMember(
            proposal=proposal,
            glitch_id=glitch_id,
            distance=distance,
            is_medoid=glitch_id in found.medoids,
        )
        for glitch_id, distance in found.distances.items()
    )
    ProposalEvent.objects.create(
        proposal=proposal, to_state=Proposal.State.PROPOSED, reason=found.evidence
    )
    return proposal
