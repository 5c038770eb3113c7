"""Reads of stored evaluations."""

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import Evaluation, EvaluationRun, ModelVersion

SINGLE_FIGURES = ("count", "accuracy", "macro_f1", "log_loss", "ece")


def listed_evaluations() -> QuerySet[Evaluation]:
    """Evaluations with their single figures; curves and tables stay behind: one query."""
    figures = {name: F(f"figures__{name}") for name in SINGLE_FIGURES}
    return (
        Evaluation.objects.defer("figures", "comparison")
        .select_related("model_version", "against")
        .annotate(**figures)
    )


def find_evaluation(evaluation_id: int) -> Evaluation:
    """One evaluation with all of it. Raises NotFoundError."""
    found = listed_evaluations().defer(None).filter(pk=evaluation_id).first()
    if found is None:
        raise NotFoundError(
            _("There is no evaluation %(evaluation_id)s.") % {"evaluation_id": evaluation_id}
        )
    return found


def listed_evaluation_runs() -> QuerySet[EvaluationRun]:
    """Evaluations asked for, with their versions and who asked: one query."""
    return EvaluationRun.objects.select_related("model_version", "against", "requested_by")


def find_evaluation_run(run_id: int) -> EvaluationRun:
    """One evaluation that was asked for. Raises NotFoundError."""
    found = listed_evaluation_runs().filter(pk=run_id).first()
    if found is None:
        raise NotFoundError(_("No evaluation %(run_id)s was asked for.") % {"run_id": run_id})
    return found


def live_evaluation(
    version: ModelVersion, against: ModelVersion | None = None, *, in_time: bool = False
) -> EvaluationRun | None:
    """The evaluation of just this that is asked for or under way; there is one at most."""
    live = EvaluationRun.objects.filter(state__in=EvaluationRun.LIVE)
    return live.filter(model_version=version, against=against, in_time=in_time).first()


def unfinished_evaluation(
    version: ModelVersion, against: ModelVersion | None = None, *, in_time: bool = False
) -> EvaluationRun | None:
    """Of what :func:`latest_evaluation` gives: the evaluation that waits or is under way, else the
    last one asked for, unless it succeeded: it failed or was cancelled.
    """
    asked = listed_evaluation_runs().filter(model_version=version, in_time=in_time)
    if against is not None:
        asked = asked.filter(against=against)
    last = asked.filter(state__in=EvaluationRun.LIVE).first() or asked.first()
    return last if last is not None and last.state != EvaluationRun.State.SUCCEEDED else None


def latest_evaluation(
    version: ModelVersion, against: ModelVersion | None = None, *, in_time: bool = False
) -> Evaluation | None:
    """The newest figures of a version; with ``against``, the newest comparison with that one.

    ``in_time``: those on what came later than all training, else those on the whole gold test.
    """
    stored = Evaluation.objects.filter(model_version=version, in_time=in_time)
    stored = stored.select_related("against")
    if against is not None:
        stored = stored.filter(against=against)
    return stored.order_by("-pk").first()


def compared_with(version: ModelVersion) -> list[ModelVersion]:
    """The other classifiers, the newest first: those that a comparison can be asked for."""
    others = ModelVersion.objects.filter(role=version.role).exclude(pk=version.pk)
    return list(others.order_by("-number"))
