"""Trainings are asked for: by a person, a pipeline or the house."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError
from labeling.models import ModelVersion, TrainingRun, User
from labeling.selectors.classes import trained_labels
from labeling.selectors.recipes import settings_as_stored, site_recipe
from labeling.selectors.runs import live_training
from labeling.selectors.trainable import EXAMPLES_MIN, left_out
from labeling.services.audit import record_deed
from labeling.services.reasons import OF_A_RUN, checked_reason
from labeling.services.runs import held
from ml.vision.recipes import AUTOMATIC, automatic, find_recipe, settings_for
from ml.vision.recipes.rules import AS_DRAWN
from ml.vision.recipes.settings import TrainingSettings


def request_training(
    by: User | None,
    reason: str,
    settings: dict[str, Any] | None = None,
    *,
    recipe: str = "",
) -> TrainingRun:
    """Ask for a training of the classifier by ``recipe`` (else the site's) and return its row.

    ``settings`` are those that differ from the recipe's. By "auto" the worker that takes it up
    chooses, see :func:`choose_recipe`.

    Two requests at once become one: the training under way is named in the refusal. What the house
    itself finds due comes through :mod:`labeling.services.retraining`.

    Raises:
        MLError for an unknown recipe or settings that make no sense; LabelingError
        ``too_few_classes``, ``no_members``, ``unprintable_reason``; ConflictError
        ``training_under_way``.
    """
    reason = checked_reason(reason, OF_A_RUN)
    checked = _checked(recipe or site_recipe(), settings or {})
    lacking = left_out(split=checked.get("split", AS_DRAWN))
    trainable = trained_labels() - lacking.keys()
    if len(trainable) < 2:
        raise LabelingError(
            _(
                "Training needs at least 2 classes with %(examples_min)s labeled glitches each, "
                "gold in the test split among them; there are %(trainable)s. Add gold labels or "
                "wait for more consensus."
            )
            % {"examples_min": EXAMPLES_MIN, "trainable": len(trainable)},
            code="too_few_classes",
            classes=sorted(trainable),
            left_out=lacking,
        )
    with one_under_way():
        run = TrainingRun.objects.create(requested_by=by, reason=reason, settings=checked)
        record_deed(by, "request_training", f"training {run.pk}", reason=reason)
        jobs.enqueue_on_commit(jobs.RUN_TRAINING, run_id=run.pk)
    return run


@contextmanager
def one_under_way() -> Iterator[None]:
    """A transaction that asks for a training; ConflictError ``training_under_way`` beside one."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        under_way = live_training()
        if under_way is None:
            raise
        raise ConflictError(
            _("Training %(under_way)s is under way already; wait for it or cancel it.")
            % {"under_way": under_way.pk},
            code="training_under_way",
            run=under_way.pk,
        ) from error


def settings_asked_for(changes: dict[str, Any], *, recipe: str = "") -> list[dict[str, Any]]:
    """With which settings a run may be stored that :func:`request_training` was asked for so.

    Raises what that raises.
    """
    recipe = recipe or site_recipe()
    _checked(recipe, changes)
    return settings_as_stored(recipe, changes)


def _checked(recipe: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The settings to store with a run: all of them, or of "auto" the changes alone."""
    checked = settings_as_stored(recipe, changes)[0]
    if recipe != AUTOMATIC and find_recipe(recipe).is_ensemble:
        _check_members(checked["members"])
    return checked


def choose_recipe(
    run: TrainingRun, *, has_gpu: bool, lacks_weights: Callable[[TrainingSettings], str]
) -> None:
    """Settle by what a run asked for by "auto" is trained, and write it down with the run.

    The worker that holds the run calls this: the site knows no GPU. Where it has one but not the
    weights, of which ``lacks_weights`` says why ("" where they are there), the run has a note on
    it. What is settled stays so, also where another worker takes the run up.
    """
    if run.settings.get("recipe") != AUTOMATIC:
        return
    changes = {key: value for key, value in run.settings.items() if key != "recipe"}
    chosen = settings_for(automatic(has_gpu=has_gpu), changes)
    lack = lacks_weights(chosen) if has_gpu else ""
    if lack:
        without, chosen = chosen, settings_for(automatic(has_gpu=False), changes)
        run.notes = [f"Trained by {chosen.recipe} instead of {without.recipe}. {lack}"]
    run.settings = chosen.to_dict()
    held(run).update(settings=run.settings, notes=run.notes)


def _check_members(members: list[int]) -> None:
    """Raise LabelingError ``no_members`` unless at least two versions are named and all exist."""
    classifiers = ModelVersion.objects.filter(role=ModelVersion.Role.CLASSIFIER)
    known = set(classifiers.values_list("number", flat=True))
    unknown = sorted(set(members) - known)
    if len(set(members)) >= 2 and not unknown:
        return
    missing = _("there is no classifier %(number)s") % {"number": unknown[0]} if unknown else ""
    raise LabelingError(
        _("An ensemble averages model versions, given as 'members': %(what)s. Known are %(known)s.")
        % {
            "what": missing or _("name at least two"),
            "known": ", ".join(map(str, sorted(known))) or _("none yet"),
        },
        code="no_members",
        members=members,
    )
