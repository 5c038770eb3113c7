"""The labels that the house stands for, as rows to export."""

from collections.abc import Iterator

from django.db.models import F, Q

from labeling.models import Glitch
from labeling.selectors.visitors import visitor_votes

COLUMNS = (
    "gravityspy_id",
    "ifo",
    "event_time",
    "label",
    "origin",
    "agreement",
    "votes",
    "rule",
    "model_version",
    "retired_at",
    "retire_reason",
    "visitor_votes",
)
ORIGINS = ("gold", "consensus")
ROWS_AT_ONCE = 2000


def label_rows(origin: str | None = None) -> Iterator[tuple[object, ...]]:
    """One row of :data:`COLUMNS` a glitch that is settled, the oldest import first.

    A gold label goes before the consensus. A glitch retired without consensus has an empty label:
    its votes are reported, not its likeliest class. ``visitor_votes`` says how many of the votes
    were cast without an account. Rows come through a server-side cursor, so
    that memory does not grow with the table.
    """
    gold = Q(gold_labels__isnull=False)
    retired = Q(gold_labels__isnull=True, retired_at__isnull=False, consensus__isnull=False)
    wanted = {"gold": gold, "consensus": retired}.get(origin or "", gold | retired)
    rows = (
        Glitch.objects.filter(wanted)
        .annotate(visitor_votes=visitor_votes())
        .order_by("pk")
        .values_list(
            "gravityspy_id",
            "ifo",
            "event_time",
            F("gold_labels__glitch_class__label"),
            F("consensus__top_class__label"),
            F("consensus__top_agreement"),
            "votes_count",
            F("consensus__rule"),
            F("consensus__model_version__number"),
            "retired_at",
            "retire_reason",
            "visitor_votes",
        )
    )
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield _render(row)


def _render(row: tuple) -> tuple[object, ...]:
    gravityspy_id, ifo, time, gold, agreed, agreement, votes, rule, version, *end = row
    at, reason, by_visitors = end
    how = ("", votes, "", "") if gold else (agreement, votes, rule, version)
    settled = agreed if reason == Glitch.RetireReason.CONSENSUS else ""
    return (
        gravityspy_id,
        ifo,
        "" if time is None else time,
        gold or settled,
        "gold" if gold else "consensus",
        *("" if value is None else value for value in how),
        at.isoformat() if at else "",
        reason,
        by_visitors,
    )
