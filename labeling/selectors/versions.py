"""Reads of model versions and what they say."""

from labeling.models import ModelVersion, Prediction


def active_version(role: str) -> ModelVersion | None:
    return (
        ModelVersion.objects.select_related("class_list")
        .filter(role=role, state=ModelVersion.State.ACTIVE)
        .first()
    )


def active_prediction(glitch_id: int) -> Prediction | None:
    """What the active classifier says of a glitch, with its class list."""
    return (
        Prediction.objects.select_related("model_version__class_list")
        .filter(
            glitch_id=glitch_id,
            model_version__role=ModelVersion.Role.CLASSIFIER,
            model_version__state=ModelVersion.State.ACTIVE,
        )
        .first()
    )
