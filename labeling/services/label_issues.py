"""Doubts about labels: searched for, decided by experts, taken back."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError, NotFoundError
from labeling.models import (
    Consensus,
    Glitch,
    GlitchClass,
    GoldLabel,
    LabelCheck,
    LabelIssue,
    User,
)
from labeling.models.runs import Run
from labeling.selectors.label_issues import live_label_check
from labeling.selectors.labeled import count_labels
from labeling.services.audit import record_deed
from labeling.services.gold import add_gold_label
from labeling.services.reasons import OF_A_RUN, checked_reason
from labeling.services.recounting import recount_gold_answers
from labeling.services.runs import end_run, held
from labeling.words import word

State = LabelIssue.State


REPEATS, MOST_REPEATS = 3, 50


@transaction.atomic
def request_label_check(by: User | None, reason: str, *, repeats: int | None = None) -> LabelCheck:
    """Ask for a search of all labels and return its row; one under way is given again.

    ``repeats``: splits to average over, 1 to 50; left out: three, or those of the one under way.
    Raises LabelingError ``bad_repeats``, ``too_few_labels``; ConflictError
    ``label_check_under_way`` where that one has other repeats.
    """
    reason = checked_reason(reason, OF_A_RUN)
    if repeats is not None and not 1 <= repeats <= MOST_REPEATS:
        raise LabelingError(
            _("A search averages over 1 to %(most)s repeats, not %(repeats)s.")
            % {"most": MOST_REPEATS, "repeats": repeats},
            code="bad_repeats",
        )
    live = live_label_check()
    if live is not None:
        return _check_same(live, repeats)
    if sum(counts.total() >= 2 for counts in count_labels().values()) < 2:
        raise LabelingError(
            _(
                "Doubtful labels are found by comparing labels; it takes two classes with two "
                "labeled glitches each. Add gold labels or wait for consensus."
            ),
            code="too_few_labels",
        )
    settings = {"repeats": repeats or REPEATS, "seed": 0}
    run, is_new = LabelCheck.objects.get_or_create(
        state__in=LabelCheck.LIVE,
        defaults={"requested_by": by, "reason": reason, "settings": settings},
    )
    if not is_new:  # somebody else asked at the same time
        return _check_same(run, repeats)
    record_deed(by, "request_label_check", f"label check {run.pk}", reason=reason)
    jobs.enqueue_on_commit(jobs.CHECK_LABELS, run_id=run.pk)
    return run


def _check_same(live: LabelCheck, repeats: int | None) -> LabelCheck:
    """The search under way, where it is the one wanted."""
    if repeats in {None, live.settings.get("repeats", REPEATS)}:
        return live
    raise ConflictError(
        _(
            "A search with %(repeats)s repeats, label check %(number)s, is under way already; wait "
            "for it or cancel it."
        )
        % {"repeats": live.settings.get("repeats", REPEATS), "number": live.pk},
        code="label_check_under_way",
        run=live.pk,
    )


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

    A label that an expert has confirmed is not asked about again, and a doubt of a label that was
    changed while the search went on is dropped. False where the run was taken from this worker
    meanwhile. Lock order: run, glitches, issues.
    """
    doubts = list(doubts)
    with transaction.atomic():
        if held(run).select_for_update().first() is None:
            return False
        now = _lock_labels({doubt.glitch_id for doubt in doubts})
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
            if now.get(doubt.glitch_id) == (doubt.origin, classes[doubt.given].pk)
            and (doubt.glitch_id, classes[doubt.given].pk) not in settled
        ]
        LabelIssue.objects.bulk_create(issues)
        held(run).update(judged=judged, found=len(issues))
        return end_run(run, Run.State.SUCCEEDED)


def _lock_labels(glitch_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """The origin and the class of each glitch's label; they stay so until the transaction ends."""
    glitches = Glitch.objects.select_for_update(no_key=True).filter(pk__in=glitch_ids)
    glitches = glitches.order_by("pk")
    agreed = [g.pk for g in glitches if g.retire_reason == Glitch.RetireReason.CONSENSUS]
    consensus = Consensus.objects.filter(glitch__in=agreed)
    gold = GoldLabel.objects.filter(glitch__in=glitch_ids)
    return {
        pk: (LabelIssue.Origin.CONSENSUS.value, label)
        for pk, label in consensus.values_list("glitch_id", "top_class_id")
    } | {
        pk: (LabelIssue.Origin.GOLD.value, label)
        for pk, label in gold.values_list("glitch_id", "glitch_class_id")
    }


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
    if _lock_labels([issue.glitch_id]) != {issue.glitch_id: (issue.origin, issue.given_class_id)}:
        raise _label_changed(issue)
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
        add_gold_label(issue.glitch, answer, by=by)
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
