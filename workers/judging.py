"""Judging as workers do it: what is missing is predicted, then the figures are stored."""

from celery import shared_task

from labeling import jobs
from labeling.errors import ConflictError
from labeling.models import ModelVersion
from labeling.selectors.gold_test import GoldTest, gold_test
from labeling.selectors.trials import running_trial, unshadowed_glitches
from labeling.services.locks import scoring_lock
from labeling.services.predictions import unscored_glitches
from labeling.services.shadow import conclude_trial, fail_trial
from workers.scoring import CHUNK, predict
from workers.tasks import DeviceTask
from workers.turns import Turn


@shared_task(name=jobs.EVALUATE, base=DeviceTask)
def evaluate(version_id: int, against_id: int | None = None, *, in_time: bool = False) -> None:
    """Judge a version on today's gold test set, perhaps against another; again is harmless.

    ``in_time``: on those glitches alone that came later than all that either was trained on.
    What of the test is not predicted yet comes first, a turn long; then the task is sent again.
    Glitches whose pictures cannot be read are left out.
    """
    from labeling.services.judging import evaluate_version

    test = gold_test()
    if not test.glitch_ids:
        return
    versions = ModelVersion.objects.select_related("class_list", "training_run")
    version = versions.get(pk=version_id)
    against = versions.get(pk=against_id) if against_id is not None else None
    turn = Turn()
    for one in (version, against):
        if one is not None and not turn.was_cut:
            with scoring_lock(one.pk, wait=True):
                predict(one, _unscored(one, test), turn)
    if turn.was_cut:
        only = {"in_time": True} if in_time else {}
        jobs.send_now(jobs.EVALUATE, version_id=version_id, against_id=against_id, **only)
        return
    evaluate_version(version, whole=False, in_time=in_time)
    if against is not None:
        evaluate_version(version, against, whole=False, in_time=in_time)


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
