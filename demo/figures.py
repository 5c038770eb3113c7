"""The figures of one cycle, by comparison with the hidden truth; the keys are the report's."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from sklearn.metrics import accuracy_score, f1_score

from demo.plan import Plan
from demo.volunteers import NONE_OF_THE_ABOVE


def consensus_figures(labels_csv: str, plan: Plan) -> dict[str, Any]:
    """Accuracy over glitches retired by consensus, and votes spent on every retired glitch."""
    rows = [
        row
        for row in csv.DictReader(io.StringIO(labels_csv))
        if row["origin"] == "consensus" and row["retired_at"]
    ]
    settled = [row for row in rows if row["retire_reason"] == "consensus"]
    right = [_expected(plan, row["gravityspy_id"]) == row["label"] for row in settled]
    return {
        "retired_glitches": len(rows),
        "no_consensus": len(rows) - len(settled),
        "votes_per_retired_glitch": _mean([int(row["votes"]) for row in rows]),
        "consensus_accuracy": _mean(right),
    }


def _expected(plan: Plan, gravityspy_id: str) -> str:
    label = plan.truth[gravityspy_id]
    return NONE_OF_THE_ABOVE if label in plan.hidden else label


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return round(sum(values) / len(values), 4) if values else None


def held_out_figures(predictions: Iterable[Mapping[str, Any]], plan: Plan) -> dict[str, Any]:
    """Of one model version on the reserved glitches, those of the hidden classes among them."""
    predicted = {
        p["gravityspy_id"]: p["label"] for p in predictions if p["gravityspy_id"] in plan.reserved
    }
    ids = sorted(predicted)
    truth, said = [plan.truth[i] for i in ids], [predicted[i] for i in ids]
    known = [(t, s) for t, s in zip(truth, said, strict=True) if t not in plan.hidden]
    classes = sorted(set(truth))
    by_class = f1_score(truth, said, labels=classes, average=None, zero_division=0)
    return {
        "glitches": len(ids),
        "accuracy": round(float(accuracy_score(truth, said)), 4),
        "macro_f1": round(float(by_class.mean()), 4),
        "accuracy_on_classes_known_before": _mean([t == s for t, s in known]),
        "f1_by_class": {
            c: round(float(f), 4) for c, f in zip(classes, by_class.tolist(), strict=True)
        },
    }


def class_figures(
    hidden: str, plan: Plan, proposals: Iterable[Mapping[str, Any]], after: Mapping[str, Any]
) -> dict[str, Any]:
    """How one hidden class was found: by the proposal that holds the most of it.

    Recall is over all of its glitches that volunteers could vote on.
    """
    of_class = {i for i, label in plan.truth.items() if label == hidden} & plan.votable
    best: dict[str, Any] = {"proposal_purity": None, "proposal_recall": 0.0, "confirmed": 0}
    for proposal in proposals:
        # Neighbours that the batch added have no distance: they were not in the cluster.
        cluster = [m["gravityspy_id"] for m in proposal["members"] if m["distance"] is not None]
        inside = of_class.intersection(cluster)
        recall = len(inside) / max(len(of_class), 1)
        if recall <= best["proposal_recall"]:
            continue
        confirmed = [m["gravityspy_id"] for m in proposal["members"] if m["confirmed"]]
        best = {
            "proposal": proposal["id"],
            "state": proposal["state"],
            "method": proposal["method"],
            "proposal_purity": round(len(inside) / max(len(cluster), 1), 4),
            "proposal_recall": round(recall, 4),
            "confirmed": len(confirmed),
            "confirmed_purity": _mean([i in of_class for i in confirmed]),
            "confirmed_recall": round(len(of_class & set(confirmed)) / max(len(of_class), 1), 4),
        }
    return best | {"f1": after["f1_by_class"].get(hidden, 0.0)}
