"""Judging as workers do it: what is missing is predicted, then the figures are stored."""

from celery import shared_task

from labeling import jobs
from labeling.errors import ConflictError
from labeling.models import EvaluationRun, ModelVersion
from labeling.selectors.gold_test import GoldTest, gold_test
from labeling.selectors.trials import running_trial, unshadowed_glitches
from labeling.services.evaluations import go_on_later
from labeling.services.locks import scoring_lock
from labeling.services.predictions import unscored_glitches
from labeling.services.runs import claim_run, held
from labeling.services.shadow import conclude_trial, fail_trial
from labeling.version import code_version
from workers.scoring import CHUNK, predict
from workers.tasks import DeviceTask, Held, holding, worker_name
from workers.turns import Turn


@shared_task(name=jobs.EVALUATE, base=DeviceTask)
def evaluate(run_id: int) -> None:
    """Make an evaluation; returns at once where it is another's or has ended.

    What of the test is not predicted yet comes first, a turn long; then the run is handed back.
    Glitches whose pictures cannot be read are left out.
    """
    from labeling.services.judging import finish_evaluation

    run = claim_run(EvaluationRun, run_id, worker_name())
    if run is None:
        return
    with holding(run) as life:
        life.check_attempts()
        held(run).update(code_version=code_version())
        if not _predict_test(run, life):
            go_on_later(run)
            return
        life.report("judging on the gold test set", 0.9)
        finish_evaluation(run)


def _predict_test(run: EvaluationRun, life: Held) -> bool:
    """Whether all that can be read of the gold test set is predicted before the turn is over."""
    test = gold_test()
    turn = Turn()
    versions = [run.model_version, *([run.against] if run.against else [])]
    for place, version in enumerate(versions):
        begun, done = (0.9 * n / len(versions) for n in (place, place + 1))
        life.report("looking at the pictures", begun, until=done)
        with scoring_lock(version.pk, wait=True):
            predict(version, _unscored(version, test), turn)
        if turn.was_cut:
            return False
    return True


def _unscored(version: ModelVersion, test: GoldTest) -> list[int]:
    """Without what could not be read lately: turn after turn would be spent on it."""
    missing = unscored_glitches(version).filter(pk__in=test.glitch_ids)
    return list(missing.values_list("pk", flat=True))


@shared_task(name=jobs.FOLLOW_TRIAL, base=DeviceTask)
def follow_trial(trial_id: int) -> int:
    """Let the candidate predict what the version in use has predicted meanwhile; end the trial
    where it is due. Returns how many new glitches were predicted.

    The gold test comes first, a turn long: what the two disagree on there is allowed.
    """
    trial = running_trial()
    if trial is None or trial.pk != trial_id:
        return 0
    waiting = list(unshadowed_glitches(trial).values_list("pk", flat=True)[:CHUNK])
    with scoring_lock(trial.candidate_id) as is_mine:
        if not is_mine:
            return 0
        turn = Turn()
        try:
            predict(trial.candidate, _unscored(trial.candidate, gold_test()), turn)
            if turn.was_cut:  # the sweep sends the next
                return 0
            predicted = predict(trial.candidate, waiting)
        except ConflictError as lost:  # its file
            fail_trial(trial.pk, reason=str(lost))
            return 0
    conclude_trial(trial.pk)
    return predicted
