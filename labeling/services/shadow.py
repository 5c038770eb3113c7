"""A candidate's trial in the shadow of the version in use, and how it ends.

``running -> passed | failed | called_off``. Only what came in since the trial began counts, and
nothing that the candidate says is used for anything until it is in use itself.
"""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError, NotFoundError, from_integrity_error
from labeling.models import Glitch, ModelVersion, ShadowTrial, User
from labeling.selectors.trial_verdicts import trial_report, trial_verdict
from labeling.selectors.trials import running_trial, waiting_candidates
from labeling.selectors.versions import active_version
from labeling.services.activation import activate
from labeling.services.audit import record_deed
from labeling.services.weights import check_weights


def let_in(version: ModelVersion, *, instead_of: int | None) -> None:
    """Put a candidate that passed the gate into use, or on trial first where the site wants it.

    On trial only where glitches came lately as fast as that wants them: elsewhere it would wait in
    vain. Where a trial goes on that a person began, the candidate waits for its end.
    The caller holds a transaction, and has checked the version's file before it began. Raises
    ConflictError ``activation_conflict``, or ``shadow_under_way`` where a person begins a trial at
    the same moment.
    """
    active = active_version(version.role)
    if instead_of is not None and active is not None and active.pk == instead_of:
        under_way = running_trial(version.role)
        if under_way is not None and under_way.requested_by is not None:
            _wait_for(under_way, version, under_way.requested_by)
            return
        if _is_worth_a_trial():
            _begin(version, active, by=None)
            return
    activate(version, instead_of=instead_of, by=None)


def _wait_for(trial: ShadowTrial, version: ModelVersion, who: User) -> None:
    """One waits at a time: the newest has learned from the most."""
    for earlier in waiting_candidates(version.role).exclude(pk=version.pk):
        _keep_out(earlier, f"Kept out: {version} waits in its place.")
    words = f"It waits for the end of the trial of {trial.candidate}, which {who.username} began."
    _add_words(version, words)


def let_waiting_in(role: str) -> ModelVersion | None:
    """Let the candidate in that waited for the end of a trial, or keep it out with the reason.

    None where none waits, or the trial goes on. It was judged beside the version in use then: where
    another one is meanwhile, it stays out.
    """
    version = waiting_candidates(role).first()
    if version is None or running_trial(role) is not None:
        return None
    lost = _lost(version)
    with transaction.atomic():
        version = waiting_candidates(role).select_for_update(of=("self",)).first()
        if version is None or running_trial(role) is not None:
            return None
        active = active_version(role)
        if lost:
            _keep_out(version, f"Kept out: {lost}")
        elif active is None or active.number != version.metrics.get("compared_with"):
            words = f"{active} is in use" if active else "no version is in use"
            _keep_out(version, f"Kept out: {words}, beside which it was not judged; try it.")
        else:
            _add_words(version, "That trial has ended.")
            let_in(version, instead_of=active.pk)
    return version


def _keep_out(version: ModelVersion, words: str) -> None:
    version.state = ModelVersion.State.KEPT_OUT
    version.save(update_fields=["state"])
    _add_words(version, words)


def _add_words(version: ModelVersion, words: str) -> None:
    version.decision_reason = f"{version.decision_reason} {words}".strip()
    version.save(update_fields=["decision_reason"])


def _is_worth_a_trial() -> bool:
    """Whether the glitches that a trial wants came within as many days as it may last."""
    wanted = settings.SHADOW_GLITCHES
    if not wanted:
        return False
    newest = Glitch.objects.order_by("-pk").values_list("created_at", flat=True)
    oldest_of_them = newest[wanted - 1 : wanted].first()
    since = timezone.now() - timedelta(days=settings.SHADOW_DAYS)
    return oldest_of_them is not None and oldest_of_them >= since


def begin_trial(version: ModelVersion, *, by: User | None) -> ShadowTrial:
    """Put any version on trial beside the one in use; a trial under way is called off for it.

    Raises LabelingError ``nothing_to_shadow``; ConflictError ``shadow_under_way``, also where
    somebody else begins one at the same moment, ``missing_weights`` or ``damaged_weights``.
    """
    _beside(version)
    check_weights(version)
    with transaction.atomic():
        return _begin(version, _beside(version), by=by)


def _beside(version: ModelVersion) -> ModelVersion:
    """The version in use, where ``version`` can be tried beside it now; else as begin_trial."""
    active = active_version(version.role)
    if active is None or active.pk == version.pk or version.class_list is None:
        raise LabelingError(
            _(
                "A trial needs a classifier in use and another one to try beside it; put this "
                "version into use instead."
            ),
            code="nothing_to_shadow",
        )
    under_way = running_trial(version.role)
    if under_way is not None and under_way.candidate_id == version.pk:
        raise ConflictError(
            _("%(version)s is on trial already.") % {"version": version}, code="shadow_under_way"
        )
    return active


def _begin(version: ModelVersion, active: ModelVersion, *, by: User | None) -> ShadowTrial:
    call_off_trial(version.role, reason=f"{version} is tried instead.", by=by)
    now = timezone.now()
    try:
        with transaction.atomic():
            trial = ShadowTrial.objects.create(
                role=version.role,
                candidate=version,
                active=active,
                requested_by=by,
                glitches_wanted=settings.SHADOW_GLITCHES or 200,
                until=now + timedelta(days=settings.SHADOW_DAYS),
                started_at=now,
            )
    except IntegrityError as error:  # of another that begins at the same moment nothing was seen
        refusal = from_integrity_error(error)
        if refusal is None:
            raise
        raise refusal from error
    version.state = ModelVersion.State.CANDIDATE
    version.save(update_fields=["state"])
    record_deed(by, "begin_trial", f"{version.role} {version.number}", beside=active.number)
    jobs.enqueue_on_commit(jobs.FOLLOW_TRIAL, trial_id=trial.pk)
    return trial


def call_off_trial(role: str, *, reason: str, by: User | None) -> bool:
    """End the trial under way, if there is one, without a verdict; its candidate stays out."""
    trial = _lock(ShadowTrial.objects.filter(role=role, state=ShadowTrial.State.RUNNING))
    if trial is None:
        return False
    _end(trial, ShadowTrial.State.CALLED_OFF, f"Called off: {reason}", by)
    return True


@transaction.atomic
def stop_trial(trial_id: int, *, by: User, reason: str = "") -> ShadowTrial:
    """End this trial without a verdict, as a person wants it; one that came after it goes on.

    Raises NotFoundError; ConflictError ``trial_ended``.
    """
    trial = _lock(ShadowTrial.objects.filter(pk=trial_id))
    if trial is None:
        raise NotFoundError(_("There is no shadow trial %(trial_id)s.") % {"trial_id": trial_id})
    if trial.state != ShadowTrial.State.RUNNING:
        raise ConflictError(
            _("The trial of %(candidate)s has ended already: %(reason)s")
            % {"candidate": trial.candidate, "reason": trial.reason},
            code="trial_ended",
            state=trial.state,
        )
    words = f"Called off by {by.get_username()}" + (f": {reason}" if reason else ".")
    return _end(trial, ShadowTrial.State.CALLED_OFF, words, by)


def conclude_trial(trial_id: int) -> ShadowTrial | None:
    """End the trial if it is due; None where it is not, or has ended: a normal answer.

    Due: the glitches wanted were predicted by both, or the time is up, or the version that it runs
    beside is no longer in use.
    """
    trials = ShadowTrial.objects.filter(pk=trial_id, state=ShadowTrial.State.RUNNING)
    trial = trials.select_related("candidate", "active").first()
    if trial is None:
        return None
    report = trial_report(trial)
    is_due = report["count"] >= trial.glitches_wanted or timezone.now() >= trial.until
    lost = _lost(trial.candidate) if is_due else ""
    with transaction.atomic():
        trial = _lock(trials)
        if trial is None:
            return None
        active = active_version(trial.role)
        if active is None or active.pk != trial.active_id:
            reason = f"{trial.active} is no longer in use; train or try again."
            return _end(trial, ShadowTrial.State.CALLED_OFF, f"Called off: {reason}", None)
        trial.report = report
        trial.save(update_fields=["report"])
        if not is_due:
            return None
        passed, words = trial_verdict(trial)
        if passed and lost:
            passed, words = False, f"{words} {lost}"
        state = ShadowTrial.State.PASSED if passed else ShadowTrial.State.FAILED
        return _end(trial, state, words, None)


def _lost(version: ModelVersion) -> str:
    """Why its file cannot be used; "" where it is as it was stored."""
    try:
        check_weights(version)
    except ConflictError as lost:
        return str(lost)
    return ""


@transaction.atomic
def fail_trial(trial_id: int, *, reason: str) -> None:
    """End the trial of a candidate that cannot predict; one that has ended stays as it is."""
    trial = _lock(ShadowTrial.objects.filter(pk=trial_id, state=ShadowTrial.State.RUNNING))
    if trial is not None:
        _end(trial, ShadowTrial.State.FAILED, reason, None)


def _lock(trials: QuerySet[ShadowTrial]) -> ShadowTrial | None:
    rows = trials.select_for_update(of=("self",))
    return rows.select_related("candidate", "active").first()


def _end(trial: ShadowTrial, state: ShadowTrial.State, words: str, by: User | None) -> ShadowTrial:
    """The caller holds the trial's row."""
    trial.state = state
    trial.reason = words
    trial.ended_at = timezone.now()
    trial.save(update_fields=["state", "reason", "ended_at"])
    candidate = trial.candidate
    _keep_out(candidate, f"Trial: {words}")
    target = f"{candidate.role} {candidate.number}"
    record_deed(by, f"trial_{state.value}", target, reason=words)
    if state == ShadowTrial.State.PASSED:
        activate(candidate, instead_of=trial.active_id, by=None)
    return trial
