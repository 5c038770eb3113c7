"""Evaluations from stored predictions, stored once a test set."""

import pytest

from labeling.errors import LabelingError
from labeling.models import Evaluation, EvaluationRun, TrainingRun
from labeling.selectors.evaluations import latest_evaluation, unfinished_evaluation
from labeling.selectors.gold_test import training_times
from labeling.services.cancelling import cancel_evaluation
from labeling.services.evaluations import begin_evaluation
from labeling.services.judging import evaluate_version, finish_evaluation
from labeling.services.runs import claim_run
from tests.conftest import make_glitch
from tests.labeling.judging_world import make_classifier, make_gold, say, trained_on

pytestmark = pytest.mark.django_db
O3A = 1240000000.0


@pytest.fixture
def world(taxonomy):
    """Six test glitches; version 1 is right on five, version 2 on three."""
    version = make_classifier(1, metrics={"thresholds": {"Blip": 0.8, "Whistle": None}})
    other = make_classifier(2, state="replaced")
    blips = make_gold(0, "Blip", 4, event_time=O3A)
    whistles = make_gold(10, "Whistle", 2)
    make_gold(20, "Blip", 3, split="train")
    say(version, blips, "Blip")
    say(version, whistles[:1], "Whistle")
    say(version, whistles[1:], "Blip", 0.7)
    say(other, blips[:3], "Blip")
    say(other, [*blips[3:], *whistles], "Whistle")
    return version, other, blips


def test_figures_on_the_test_split_alone(world):
    figures = evaluate_version(world[0]).figures
    assert (figures["count"], figures["accuracy"]) == (6, pytest.approx(5 / 6))
    assert [(r["name"], r["count"]) for r in figures["by"]["run"]] == [("O3a", 4), ("unknown", 2)]
    assert [(r["name"], r["count"]) for r in figures["by"]["detector"]] == [("H1", 6)]
    blip = figures["thresholds"]["Blip"]
    # Called Blip: four with .9, all right, and one Whistle with .7, below the threshold.
    assert (blip["called"], blip["kept"], blip["precision"]) == (5, 4, 1.0)
    assert "Whistle" not in figures["thresholds"]


def test_two_versions_on_the_same_glitches(world):
    version, other, _ = world
    found = evaluate_version(version, other)
    # Right alone: version 1 on the fourth Blip, version 2 on the second Whistle.
    assert found.comparison["mcnemar"] == {"only_first": 1, "only_second": 1, "p": 1.0}
    assert latest_evaluation(version, other) == found
    assert latest_evaluation(other) is None


def test_the_same_test_is_stored_once_and_a_grown_one_anew(world):
    version, _, _ = world
    first = evaluate_version(version)
    assert evaluate_version(version).pk == first.pk
    say(version, make_gold(30, "Blip", 1), "Blip")
    assert evaluate_version(version).pk != first.pk
    assert Evaluation.objects.count() == 2


def test_an_evaluation_that_is_cancelled_stores_no_figures(world):
    """Neither of the version alone nor beside the other; asked for again, it stores both."""
    version, other, _ = world
    for cancelled, stored in ((True, 0), (False, 2)):
        asked = begin_evaluation(version, other, by=None)
        run = claim_run(EvaluationRun, asked.pk, "here")
        if cancelled:
            cancel_evaluation(run.pk, by=None)
        assert finish_evaluation(run) is not cancelled
        run.refresh_from_db()
        assert run.state == ("cancelled" if cancelled else "succeeded")
        assert Evaluation.objects.count() == stored


def test_what_is_under_way_is_told_before_what_ended_later(world):
    """Each row: a run's state, asked for after those above, and which of them is told then."""
    version, other, _ = world
    runs = []
    for state, against, told in (
        ("cancelled", None, 0),
        ("running", None, 1),
        ("failed", other, 1),
        ("requested", other, 3),
        ("succeeded", None, 3),
    ):
        runs.append(
            EvaluationRun.objects.create(model_version=version, against=against, state=state)
        )
        assert unfinished_evaluation(version) == runs[told]
    EvaluationRun.objects.filter(state__in=EvaluationRun.LIVE).delete()
    assert unfinished_evaluation(version) is None
    assert unfinished_evaluation(version, other) == runs[2]


def test_a_missing_prediction_is_told_or_left_out(world):
    version, _, _ = world
    make_gold(30, "Blip", 1)
    with pytest.raises(LabelingError, match="has not predicted 1 of the 7") as refusal:
        evaluate_version(version)
    assert refusal.value.code == "not_predicted"
    assert evaluate_version(version, whole=False).figures["count"] == 6


def test_in_time_only_what_came_later_than_the_training_of_both_counts(world):
    version, other, _ = world
    with pytest.raises(LabelingError) as refusal:
        evaluate_version(version, in_time=True)  # nobody knows when its training was
    assert refusal.value.code == "nothing_later"
    for late, one in ((100.0, version), (200.0, other)):
        trained_on(one, make_glitch(40 + int(late), event_time=O3A + late))
    for number, after in enumerate((130.0, 190.0, 300.0)):
        came = make_gold(60 + number, "Blip", 1, event_time=O3A + after)
        say(version, came, "Blip")
        say(other, came, "Whistle")
    # 30, 90 and 200 s later than the one's training; 100 s later than the other's at best.
    alone = evaluate_version(version, in_time=True)
    found = evaluate_version(version, other, in_time=True)
    assert (alone.in_time, alone.figures["count"]) == (True, 2)
    assert (found.figures["count"], found.comparison["mcnemar"]["only_first"]) == (1, 1)


def test_figures_in_time_stand_beside_those_on_the_whole_test(taxonomy):
    """Also where all of the test came later, so that both are on the same glitches."""
    version = make_classifier(1)
    trained_on(version, make_glitch(1, event_time=O3A))
    say(version, make_gold(10, "Blip", 2, event_time=O3A + 100.0), "Blip")
    whole = evaluate_version(version)
    later = evaluate_version(version, in_time=True)
    assert whole.test_digest == later.test_digest
    assert latest_evaluation(version) == whole
    assert latest_evaluation(version, in_time=True) == later


def test_an_ensemble_has_seen_what_its_members_were_trained_on(world):
    version, other, _ = world
    trained_on(version, make_glitch(40, event_time=O3A + 500.0))
    trained_on(other, make_glitch(41, event_time=O3A + 100.0))
    assert training_times(other).tolist() == [O3A + 100.0]
    TrainingRun.objects.filter(model_version=other).update(settings={"members": [1, 3]})
    other.refresh_from_db()
    assert sorted(training_times(other)) == [O3A + 100.0, O3A + 500.0]


def test_an_ensemble_of_ensembles_has_seen_what_their_members_have(world):
    """3 averages 2 and another; 2 averages 1, which alone has learned from the latest glitch."""
    version, other, _ = world
    upper = make_classifier(3, state="kept_out")
    for number, one in enumerate((version, other, upper)):
        trained_on(one, make_glitch(40 + number, event_time=O3A + 500.0 - 100 * number))
    TrainingRun.objects.filter(model_version=other).update(settings={"members": [1, 7]})
    TrainingRun.objects.filter(model_version=upper).update(settings={"members": [2, 7]})
    upper.refresh_from_db()
    assert sorted(training_times(upper)) == [O3A + 300.0, O3A + 400.0, O3A + 500.0]


def test_what_was_learned_without_a_label_was_seen_too(world):
    version, _, _ = world
    trained_on(version, make_glitch(41, event_time=O3A + 500.0))
    unlabeled = [make_glitch(42, event_time=O3A + 600.0), make_glitch(43)]  # one without a time
    ids = [glitch.pk for glitch in unlabeled]
    TrainingRun.objects.filter(model_version=version).update(unlabeled_ids=ids)
    assert sorted(training_times(version)) == [O3A + 500.0, O3A + 600.0]


def test_gold_that_nobody_can_read_is_not_called_none(world):
    """Its four durations are others than the version looks at, say: more gold would not help."""
    with pytest.raises(LabelingError, match="can read none of the 6 gold test glitches") as refusal:
        evaluate_version(make_classifier(3, state="kept_out"), whole=False)
    assert refusal.value.code == "nothing_to_test"


def test_no_gold_is_no_figure(taxonomy):
    make_glitch(1)
    with pytest.raises(LabelingError) as refusal:
        evaluate_version(make_classifier(1))
    assert refusal.value.code == "nothing_to_test"
