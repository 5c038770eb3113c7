"""What the random audit says of the consensus and of the classifier."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from labeling.models import AuditedGlitch
from ml.query.audit import Share, estimate_share

SURE = 0.95
SHOWN = 20


@dataclass(frozen=True)
class OfClass:
    """``disagree``: of the audited glitches that the ordinary way calls ``name``, those that the
    audit calls otherwise.
    """

    name: str
    disagree: Share


@dataclass(frozen=True)
class AuditReport:
    """How far the audit has come, and where it differs from the ordinary way.

    ``waiting``: drawn and not retired yet; ``asked``: their votes are coming in; ``judged``: all
    are in. ``consensus`` and ``classifier`` are the shares that the audit calls otherwise;
    ``consensus_surely`` counts only where the audit is sure of it. ``undecided``: judged ones on
    which the ordinary way had found no consensus. ``differing``: the latest, to look at.
    """

    waiting: int
    asked: int
    judged: int
    undecided: int
    consensus: Share
    consensus_surely: Share
    classifier: Share
    classes: Sequence[OfClass]
    differing: Sequence[AuditedGlitch]


def audit_report() -> AuditReport:
    """The whole audit so far: reads its sample, whose size is a share of all glitches."""
    rows = AuditedGlitch.objects
    judged = list(
        rows.filter(found_class__isnull=False)
        .select_related("agreed_class", "predicted_class", "found_class", "glitch")
        .order_by("-asked_at", "-pk")
    )
    agreed = [row for row in judged if row.agreed_class_id is not None]
    predicted = [row for row in judged if row.predicted_class_id is not None]
    by_class = defaultdict(list)
    for row in agreed:
        by_class[str(row.agreed_class)].append(row)
    return AuditReport(
        waiting=rows.filter(asked_at=None).count(),
        asked=rows.filter(asked_at__isnull=False, found_class=None).count(),
        judged=len(judged),
        undecided=len(judged) - len(agreed),
        consensus=_share(agreed, [_differs(row) for row in agreed]),
        consensus_surely=_share(
            agreed, [_differs(row) and (row.found_agreement or 0) >= SURE for row in agreed]
        ),
        classifier=_share(
            predicted, [row.found_class_id != row.predicted_class_id for row in predicted]
        ),
        classes=[
            OfClass(name, _share(found, [_differs(row) for row in found]))
            for name, found in sorted(by_class.items())
        ],
        differing=[row for row in agreed if _differs(row)][:SHOWN],
    )


def _differs(row: AuditedGlitch) -> bool:
    return row.found_class_id != row.agreed_class_id


def _share(rows: Sequence[AuditedGlitch], hits: Sequence[bool]) -> Share:
    return estimate_share(hits, [row.probability for row in rows])
