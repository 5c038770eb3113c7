"""Judging as workers do it: what is missing is predicted, then the figures are stored."""

from celery import shared_task

from labeling import jobs
from labeling.models import ModelVersion
from labeling.selectors.gold_test import gold_test, unpredicted
from labeling.selectors.trials import running_trial, unshadowed_glitches
from labeling.services.locks import scoring_lock
from labeling.services.shadow import conclude_trial
from workers.scoring import CHUNK, predict
from workers.tasks import RecordedTask


@shared_task(name=jobs.EVALUATE, base=RecordedTask)
def evaluate(version_id: int, against_id: int | None = None) -> None:
    """Judge a version on today's gold test set, perhaps against another; again is harmless.

    Glitches whose pictures cannot be read are left out.
    """
    from labeling.services.judging import evaluate_version

    test = gold_test()
    if not test.glitch_ids:
        return
    versions = ModelVersion.objects.select_related("class_list", "training_run")
    version = versions.get(pk=version_id)
    against = versions.get(pk=against_id) if against_id is not None else None
    for one in (version, against):
        if one is not None:
            predict(one, unpredicted(one, test))
    evaluate_version(version, whole=False)
    if against is not None:
        evaluate_version(version, against, whole=False)


@shared_task(name=jobs.FOLLOW_TRIAL, base=RecordedTask)
def follow_trial(trial_id: int) -> int:
    """Let the candidate predict what the version in use has predicted meanwhile; end the trial
    where it is due. Returns how many glitches were predicted."""
    trial = running_trial()
    if trial is None or trial.pk != trial_id:
        return 0
    waiting = list(unshadowed_glitches(trial).values_list("pk", flat=True)[:CHUNK])
    with scoring_lock(trial.candidate_id) as is_mine:
        if not is_mine:
            return 0
        if not trial.report:  # the first time: what they disagree on in the gold test is allowed
            predict(trial.candidate, unpredicted(trial.candidate, gold_test()))
        predicted = predict(trial.candidate, waiting)
    conclude_trial(trial.pk)
    return predicted
