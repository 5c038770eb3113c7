"""Doubts about labels: searched for, decided by experts, taken back."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError, NotFoundError
from labeling.models import Glitch, GlitchClass, GoldLabel, LabelCheck, LabelIssue, User
from labeling.models.runs import Run
from labeling.selectors.labeled import count_labels
from labeling.services.audit import record_deed
from labeling.services.gold import add_gold_label
from labeling.services.recounting import recount_gold_answers
from labeling.services.runs import end_run, held
from labeling.words import word

State = LabelIssue.State


@transaction.atomic
def request_label_check(by: User | None, reason: str, *, repeats: int = 3) -> LabelCheck:
    """Ask for a search of all labels and return its row; one under way is given again.

    Raises LabelingError ``too_few_labels``.
    """
    live = LabelCheck.objects.filter(state__in=[Run.State.REQUESTED, Run.State.RUNNING]).first()
    if live is not None:
        return live
    if sum(counts.total() >= 2 for counts in count_labels().values()) < 2:
        raise LabelingError(
            _(
                "Doubtful labels are found by comparing labels; it takes two classes with two "
                "labeled glitches each. Add gold labels or wait for consensus."
            ),
            code="too_few_labels",
        )
    run = LabelCheck.objects.create(
        requested_by=by, reason=reason[:200], settings={"repeats": repeats, "seed": 0}
    )
    record_deed(by, "request_label_check", f"label check {run.pk}", reason=reason)
    jobs.enqueue_on_commit(jobs.CHECK_LABELS, run_id=run.pk)
    return run


@dataclass(frozen=True)
class Doubt:
    """One label that the search holds for wrong; probabilities are out of fold."""

    glitch_id: int
    origin: str
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float
    misread: float


def finish_label_check(run: LabelCheck, judged: int, doubts: Iterable[Doubt]) -> bool:
    """Put the doubts into the queue in place of what waits there from earlier searches.

    A label that an expert has confirmed is not asked about again. False where the run was taken
    from this worker meanwhile.
    """
    with transaction.atomic():
        if held(run).select_for_update().first() is None:
            return False
        settled = set(
            LabelIssue.objects.filter(state=State.DISAGREED).values_list("glitch_id", "given_class")
        )
        LabelIssue.objects.filter(state=State.OPEN).update(state=State.WITHDRAWN)
        classes = {c.label: c for c in GlitchClass.objects.all()}
        issues = [
            LabelIssue(
                label_check=run,
                glitch_id=doubt.glitch_id,
                origin=doubt.origin,
                given_class=classes[doubt.given],
                suggested_class=classes[doubt.suggested],
                given_probability=doubt.given_probability,
                suggested_probability=doubt.suggested_probability,
                misread=doubt.misread,
            )
            for doubt in doubts
            if (doubt.glitch_id, classes[doubt.given].pk) not in settled
        ]
        LabelIssue.objects.bulk_create(issues)
        held(run).update(judged=judged, found=len(issues))
        return end_run(run, Run.State.SUCCEEDED)


@transaction.atomic
def decide_issue(issue_id: int, *, by: User, answer: GlitchClass | None) -> LabelIssue:
    """An expert's answer: the class that the glitch is, or None where the label stands.

    A wrong gold label is given the class anew and keeps its split; a wrong consensus is overruled
    by a gold label. Lock order: glitch, issue.

    Raises NotFoundError; ConflictError ``issue_decided`` or ``label_changed``.
    """
    issue = _locked(issue_id)
    if issue.state != State.OPEN:
        raise ConflictError(
            _("This doubt is settled already (%(issue)s); look at the next one.")
            % {"issue": word(issue.get_state_display())},
            code="issue_decided",
        )
    if answer is not None and answer.pk == issue.given_class_id:
        answer = None
    if answer is not None:
        _relabel(issue, answer, by)
    issue.state = _state_of(issue, answer)
    issue.answer = answer
    issue.decided_by = by
    issue.decided_at = timezone.now()
    issue.save(update_fields=["state", "answer", "decided_by", "decided_at", "was_shown"])
    _record(by, "decide_label_issue", issue)
    return issue


@transaction.atomic
def undo_issue(issue_id: int, *, by: User) -> LabelIssue:
    """Take a decision back: the label is as it was, and the doubt waits again.

    Raises NotFoundError; ConflictError ``nothing_to_undo``, ``label_changed`` where the label was
    changed again since, or ``issue_open`` where a later search doubts the glitch anew.
    """
    issue = _locked(issue_id)
    if issue.state not in {State.AGREED, State.DISAGREED, State.RELABELED}:
        raise ConflictError(_("There is no decision to take back here."), code="nothing_to_undo")
    if LabelIssue.objects.filter(glitch=issue.glitch, state=State.OPEN).exists():
        raise ConflictError(
            _("A later search doubts this label too; decide that doubt instead."), code="issue_open"
        )
    if issue.answer is not None:
        _unlabel(issue, issue.answer)
    _record(by, "undo_label_issue", issue)
    issue.state = State.OPEN
    issue.answer = issue.decided_by = issue.decided_at = None
    issue.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    return issue


def _locked(issue_id: int) -> LabelIssue:
    glitch_id = LabelIssue.objects.filter(pk=issue_id).values_list("glitch_id", flat=True).first()
    if glitch_id is None:
        raise NotFoundError(_("There is no such doubt."))
    Glitch.objects.select_for_update(no_key=True).get(pk=glitch_id)
    rows = LabelIssue.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("glitch", "given_class", "suggested_class", "answer").get(
        pk=issue_id
    )


def _state_of(issue: LabelIssue, answer: GlitchClass | None) -> State:
    if answer is None:
        return State.DISAGREED
    return State.AGREED if answer.pk == issue.suggested_class_id else State.RELABELED


def _relabel(issue: LabelIssue, answer: GlitchClass, by: User) -> None:
    if issue.origin == LabelIssue.Origin.CONSENSUS:
        add_gold_label(issue.glitch, answer, by=by)  # refuses where it has gold meanwhile
        return
    gold = GoldLabel.objects.filter(glitch=issue.glitch, glitch_class=issue.given_class)
    issue.was_shown = gold.filter(is_shown=True).exists()
    _change_gold(issue, issue.given_class, answer, is_shown=False)


def _unlabel(issue: LabelIssue, answer: GlitchClass) -> None:
    if issue.origin == LabelIssue.Origin.GOLD:
        _change_gold(issue, answer, issue.given_class, is_shown=issue.was_shown)
        return
    gone, _by_model = GoldLabel.objects.filter(glitch=issue.glitch, glitch_class=answer).delete()
    if not gone:
        raise _label_changed(issue)
    recount_gold_answers(issue.glitch, answer, None)


def _change_gold(issue: LabelIssue, old: GlitchClass, new: GlitchClass, *, is_shown: bool) -> None:
    """The split stays: what was tested on is never trained on."""
    gold = GoldLabel.objects.filter(glitch=issue.glitch, glitch_class=old)
    if gold.update(glitch_class=new, is_shown=is_shown) != 1:
        raise _label_changed(issue)
    recount_gold_answers(issue.glitch, old, new)


def _label_changed(issue: LabelIssue) -> ConflictError:
    return ConflictError(
        _("The label of glitch %(id)s was changed meanwhile; search again.")
        % {"id": issue.glitch.gravityspy_id},
        code="label_changed",
    )


def _record(by: User, verb: str, issue: LabelIssue) -> None:
    record_deed(
        by,
        verb,
        f"glitch {issue.glitch.gravityspy_id}",
        issue=issue.pk,
        origin=issue.origin,
        label=issue.given_class.label,
        suggested=issue.suggested_class.label,
        answer=issue.answer.label if issue.answer else issue.given_class.label,
    )
