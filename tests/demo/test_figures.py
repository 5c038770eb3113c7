"""The report's figures on worlds small enough to count by hand."""

from pathlib import Path

from demo.figures import class_figures, consensus_figures, held_out_figures
from demo.plan import Plan

TRUTH = {"a": "Blip", "b": "Blip", "c": "Tomte", "d": "Crown", "e": "Crown", "r": "Crown"}
PLAN = Plan(Path(), False, 1, ("Crown",), TRUTH, {"a": "Blip"}, frozenset({"b", "r"}))


def test_consensus_is_right_where_a_hidden_class_got_none_of_the_above():
    csv = (
        "gravityspy_id,label,origin,votes,retired_at,retire_reason\n"
        "a,Blip,gold,0,,\n"
        "c,Blip,consensus,3,2026-01-01,consensus\n"
        "d,None_of_the_Above,consensus,2,2026-01-01,consensus\n"
        "e,Blip,consensus,8,2026-01-01,classification_count\n"
        "b,Blip,consensus,1,,\n"
    )
    assert consensus_figures(csv, PLAN) == {
        "retired_glitches": 3,
        "no_consensus": 1,
        "votes_per_retired_glitch": 4.3333,
        "consensus_accuracy": 0.5,
    }


def test_held_out_figures_count_the_hidden_classes_too():
    predictions = [
        {"gravityspy_id": "b", "label": "Blip"},
        {"gravityspy_id": "r", "label": "Blip"},
        {"gravityspy_id": "c", "label": "Blip"},  # not reserved: not counted
    ]
    figures = held_out_figures(predictions, PLAN)
    assert figures["glitches"] == 2
    assert figures["accuracy"] == 0.5
    assert figures["accuracy_on_classes_known_before"] == 1.0
    assert figures["f1_by_class"] == {"Blip": 0.6667, "Crown": 0.0}
    assert figures["macro_f1"] == 0.3333


def member(gravityspy_id, distance, confirmed=None):
    return {"gravityspy_id": gravityspy_id, "distance": distance, "confirmed": confirmed}


def test_a_hidden_class_is_judged_by_the_proposal_that_holds_most_of_it():
    proposals = [
        {"id": 1, "state": "rejected", "method": "kmeans", "members": [member("c", 0.1)]},
        {
            "id": 2,
            "state": "accepted",
            "method": "hdbscan",
            "members": [
                member("d", 0.1, True),
                member("c", 0.2, False),
                member("e", None, True),  # a neighbour that the batch added
            ],
        },
    ]
    found = class_figures("Crown", PLAN, proposals, {"f1_by_class": {"Crown": 0.9}})
    assert found["proposal"] == 2
    assert found["proposal_purity"] == 0.5
    assert found["proposal_recall"] == 0.5
    assert (found["confirmed"], found["confirmed_purity"]) == (2, 1.0)
    assert found["confirmed_recall"] == 1.0
    assert found["f1"] == 0.9


def test_a_class_that_no_proposal_holds_was_not_found():
    found = class_figures("Crown", PLAN, [], {"f1_by_class": {}})
    assert (found["proposal_purity"], found["proposal_recall"], found["f1"]) == (None, 0.0, 0.0)
