"""Reads of stored evaluations."""

from labeling.models import Evaluation, ModelVersion


def latest_evaluation(
    version: ModelVersion, against: ModelVersion | None = None
) -> Evaluation | None:
    """The newest figures of a version; with ``against``, the newest comparison with that one."""
    stored = Evaluation.objects.filter(model_version=version).select_related("against")
    if against is not None:
        stored = stored.filter(against=against)
    return stored.order_by("-pk").first()


def compared_with(version: ModelVersion) -> list[ModelVersion]:
    """The other classifiers, the newest first: those that a comparison can be asked for."""
    others = ModelVersion.objects.filter(role=version.role).exclude(pk=version.pk)
    return list(others.order_by("-number"))
