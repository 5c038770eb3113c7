"""A worker judges a version and lets a candidate predict in the shadow, with a real network."""

import pytest
from django.core.management import CommandError, call_command

from labeling.models import Evaluation, EvaluationRun, Glitch, ModelVersion, Prediction, ShadowTrial
from labeling.services.cancelling import cancel_evaluation
from labeling.services.evaluations import begin_evaluation
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.shadow import begin_trial
from labeling.services.training import request_training
from tests.workers.test_scoring import break_pictures
from tests.workers.test_training import FAST, drawn, import_two_classes
from workers import judging, sweeps
from workers.scoring import predict, score_glitches
from workers.training import run_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(settings):
    """Classifier 1 in use, and 2, which has the same weights."""
    settings.RUN_LEASE_SECONDS = 3600  # a test's transaction hides the run from its thread
    import_two_classes()
    run_training(request_training(None, "first gold", FAST | {"epochs": 1}).pk)
    active = ModelVersion.objects.get()
    same = ModelVersion.objects.create(
        role="classifier",
        number=2,
        class_list=active.class_list,
        weights=active.weights,
        weights_sha256=active.weights_sha256,
    )
    return active, same


def evaluated(run: EvaluationRun) -> None:
    judging.evaluate(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error, run.evaluation.against) == ("succeeded", "", run.against)


def test_a_version_is_judged_tried_and_let_in(trained, settings):
    active, same = trained
    assert [check["name"] for check in active.metrics["checks"]] == ["overall"]
    assert set(active.metrics["thresholds"]) == {"Blip", "Power_Line"}

    after_training = EvaluationRun.objects.get()
    assert (after_training.model_version, after_training.against) == (active, None)
    evaluated(after_training)
    for _ in range(2):
        evaluated(begin_evaluation(active, same, by=None))
    alone = Evaluation.objects.get(against=None)
    assert alone.figures["count"] == active.metrics["count"]
    assert Evaluation.objects.get(against=same).comparison["mcnemar"]["p"] == 1.0

    settings.SHADOW_GLITCHES = 3
    Prediction.objects.filter(model_version=same).delete()
    trial = begin_trial(same, by=None)
    for number in range(100, 103):
        pictures = {1.0: drawn("Blip", number), 4.0: drawn("Blip", number)}
        import_glitch(NewGlitch(f"{number:010d}", "H1", pictures), by=None)
    assert judging.follow_trial(trial.pk) == 0  # the version in use comes first
    score_glitches()
    assert judging.follow_trial(trial.pk) == 3
    assert judging.follow_trial(trial.pk) == 0
    trial.refresh_from_db()
    assert (trial.state, trial.report["differ"]) == (ShadowTrial.State.PASSED, 0)
    assert trial.report["gold"] == {"count": alone.figures["count"], "differ": 0, "share": 0.0}
    assert ModelVersion.objects.get(state="active") == same


def test_without_a_worker_the_command_predicts_what_is_missing(trained, monkeypatch, capsys):
    """Turn after turn; what cannot be read is told, and left out where that is asked for."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)
    monkeypatch.setattr("workers.scoring.CHUNK", 2)
    monkeypatch.setattr("workers.turns.TURN_SECONDS", 0)
    tested = Glitch.objects.filter(gold_labels__split="test").order_by("pk")
    break_pictures(tested[0])
    with pytest.raises(CommandError, match="pictures of 1 gold test glitches cannot be read"):
        call_command("evaluate", "--version", "2", "--here")
    call_command("evaluate", "--version", "2", "--here", "--readable")
    assert "classifier 2" in capsys.readouterr().out
    assert {one.figures["count"] for one in Evaluation.objects.all()} == {tested.count() - 1}


def test_a_trial_of_a_version_whose_file_is_gone_ends(trained, settings):
    _, same = trained
    trial = begin_trial(same, by=None)
    (settings.MODELS_FOLDER / same.weights).unlink()
    assert judging.follow_trial(trial.pk) == 0
    trial.refresh_from_db()
    assert (trial.state, "is not there" in trial.reason) == (ShadowTrial.State.FAILED, True)
    assert judging.follow_trial(trial.pk) == 0


def test_an_evaluation_that_cannot_be_made_says_why(trained, settings):
    _, same = trained
    (settings.MODELS_FOLDER / same.weights).unlink()
    run = begin_evaluation(same, None, by=None)
    judging.evaluate(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == ("failed", "missing_weights")
    assert "is not there" in run.error
    judging.evaluate(run.pk)  # the message comes again
    run.refresh_from_db()
    assert run.attempts == 1


def test_an_evaluation_that_is_cancelled_ends_where_it_is(trained, monkeypatch):
    """Its worker has predicted for the first version and hears of it before the second."""
    active, same = trained
    Prediction.objects.all().delete()
    run = begin_evaluation(same, active, by=None)

    def then_cancelled(version, glitch_ids, turn):
        predicted = predict(version, glitch_ids, turn)
        cancel_evaluation(run.pk, by=None)
        return predicted

    monkeypatch.setattr(judging, "predict", then_cancelled)
    judging.evaluate(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error, run.leased_until) == ("cancelled", "", None)
    assert set(Prediction.objects.values_list("model_version", flat=True)) == {same.pk}
    assert not Evaluation.objects.exists()


def test_an_evaluation_that_takes_longer_than_its_turn_is_sent_again(
    trained, monkeypatch, django_capture_on_commit_callbacks
):
    """Version 2 has said nothing yet of the test's glitches: one turn each to predict them.

    One of them cannot be read, which takes a turn to find out, and not more.
    """
    active, same = trained
    broken = Glitch.objects.filter(gold_labels__split="test").order_by("pk").first()
    break_pictures(broken)
    sent = []
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: sent.append((name, ids)))
    monkeypatch.setattr("workers.scoring.CHUNK", 1)
    monkeypatch.setattr("workers.turns.TURN_SECONDS", 0)
    count = active.metrics["count"]
    rounds = 0
    with django_capture_on_commit_callbacks(execute=True):
        run = begin_evaluation(same, None, by=None)
    while run.state == "requested":
        with django_capture_on_commit_callbacks(execute=True):
            judging.evaluate(run.pk)
        run.refresh_from_db()
        rounds += 1
        assert (rounds <= count + 1, run.attempts_in_vain) == (True, 0)
    assert (rounds, run.state, run.error) == (count + 1, "succeeded", "")
    assert sent == [("workers.judging.evaluate", {"run_id": run.pk})] * (count + 1)
    assert Evaluation.objects.get().figures["count"] == count - 1


def test_the_sweep_follows_a_trial_and_nothing_else(taxonomy, monkeypatch):
    sent = []
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: sent.append((name, ids)))
    sweeps.sweep_trials()
    assert sent == []
