"""Trainings are asked for: by a person, a pipeline or the house."""

from typing import Any

from django.conf import settings as django_settings
from django.db import IntegrityError, transaction
<<<<<<< HEAD
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
=======
>>>>>>> main

from labeling import jobs
from labeling.errors import ConflictError, LabelingError
from labeling.models import (
    GlitchClass,
    ModelVersion,
    TrainingRun,
    User,
)
from labeling.models.runs import Run
from labeling.selectors.versions import active_version
from labeling.services.audit import record_deed
from labeling.services.runs import held
from labeling.services.training_sets import EXAMPLES_MIN, trainable_classes
from ml.vision.recipes import AUTOMATIC, automatic, find_recipe, settings_for
from ml.vision.settings import TrainingSettings


def request_training(
    by: User | None,
    reason: str,
    settings: dict[str, Any] | None = None,
    *,
    recipe: str = "",
    delay_seconds: float = 0,
) -> TrainingRun:
    """Ask for a training of the classifier by ``recipe`` (else the site's) and return its row.

    ``settings`` are those that differ from the recipe's. By "auto" the worker that takes it up
    chooses, see :func:`choose_recipe`.

    It starts after ``delay_seconds``, so that what is decided meanwhile is part of it. Two requests
    at once become one: the training under way is named in the refusal.

    Raises:
        MLError for an unknown recipe or settings that make no sense; LabelingError
        ``too_few_classes``, ``no_members``; ConflictError ``training_under_way``.
    """
    checked = _checked(recipe or site_recipe(), settings or {})
    trainable = trainable_classes()
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
        )
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(requested_by=by, reason=reason[:200], settings=checked)
            record_deed(by, "request_training", f"training {run.pk}", reason=reason)
            jobs.enqueue_on_commit(jobs.RUN_TRAINING, delay_seconds=delay_seconds, run_id=run.pk)
            return run
    except IntegrityError as error:
        live = TrainingRun.objects.filter(state__in=[Run.State.REQUESTED, Run.State.RUNNING])
        under_way = live.values_list("pk", flat=True).first()
        if under_way is None:
            raise
        raise ConflictError(
            _("Training %(under_way)s is under way already; wait for it or cancel it.")
            % {"under_way": under_way},
            code="training_under_way",
            run=under_way,
        ) from error


def site_recipe() -> str:
    """The recipe of trainings that name none: the setting ``NOTA_RECIPE``."""
    return str(django_settings.TRAINING_RECIPE) or AUTOMATIC


def _checked(recipe: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The settings to store with a run: all of them, or of "auto" the changes alone."""
    if recipe == AUTOMATIC:
        for has_gpu in (True, False):
            settings_for(automatic(has_gpu=has_gpu), changes)
        return {**changes, "recipe": AUTOMATIC}
    checked = settings_for(recipe, changes)
    if find_recipe(recipe).is_ensemble:
        _check_members(checked)
    return checked.to_dict()


def choose_recipe(run: TrainingRun, *, has_gpu: bool) -> None:
    """Settle by what a run asked for by "auto" is trained, and write it down with the run.

    The worker that holds the run calls this: the site knows no GPU. What is settled stays so, also
    where another worker takes the run up.
    """
    if run.settings.get("recipe") != AUTOMATIC:
        return
    run.settings = settings_for(automatic(has_gpu=has_gpu), run.settings).to_dict()
    held(run).update(settings=run.settings)


def _check_members(settings: TrainingSettings) -> None:
    """Raise LabelingError ``no_members`` unless at least two versions are named and all exist."""
    classifiers = ModelVersion.objects.filter(role=ModelVersion.Role.CLASSIFIER)
    known = set(classifiers.values_list("number", flat=True))
    unknown = sorted(set(settings.members) - known)
    if len(set(settings.members)) >= 2 and not unknown:
        return
    what = f"there is no classifier {unknown[0]}" if unknown else "name at least two"
    raise LabelingError(
        _("An ensemble averages model versions, given as 'members': %(what)s. Known are %(known)s.")
        % {"what": what, "known": ", ".join(map(str, sorted(known))) or "none yet"},
        code="no_members",
        members=list(settings.members),
    )


<<<<<<< HEAD
@dataclass(frozen=True)
class LabeledGlitch:
    glitch_id: int
    gravityspy_id: str
    label: str
    class_id: int
    split: str
    origin: str
    weight: float
    content: str
    posterior: dict[str, float] | None = None


def labeled_glitches(*, none_of_the_above: bool = False) -> list[LabeledGlitch]:
    """Every glitch that a training may use: gold in its split, consensus in train or validation.

    The test split is gold alone. None_of_the_Above is no class to train on unless it is asked for:
    it hides novelty.
    """
    barred = [] if none_of_the_above else [True]
    gold = GoldLabel.objects.select_related("glitch", "glitch_class").filter(
        glitch_class__valid_to__isnull=True
    )
    gold = gold.exclude(glitch_class__is_none_of_the_above__in=barred)
    rows = [
        _labeled(g.glitch, g.glitch_class, g.split, TrainingExample.Origin.GOLD, 1.0) for g in gold
    ]
    agreed = (
        Consensus.objects.select_related("glitch", "top_class", "class_list")
        .filter(
            glitch__retire_reason=Glitch.RetireReason.CONSENSUS,
            glitch__is_reserved=False,
            glitch__gold_labels__isnull=True,
            top_class__valid_to__isnull=True,
        )
        .exclude(top_class__is_none_of_the_above__in=barred)
    )
    rows += [
        _labeled(
            c.glitch,
            c.top_class,
            _consensus_split(c.glitch.gravityspy_id),
            TrainingExample.Origin.CONSENSUS,
            c.top_agreement,
            _posterior(c),
        )
        for c in agreed
    ]
    return sorted(rows, key=lambda row: row.gravityspy_id)


def _to_train_on() -> list[LabeledGlitch]:
    return labeled_glitches(none_of_the_above=django_settings.TRAIN_NONE_OF_THE_ABOVE)


def _posterior(consensus: Consensus) -> dict[str, float]:
    """What the crowd holds of each class, without the crumbs."""
    held = zip(consensus.class_list.labels, consensus.agreement, strict=True)
    return {label: round(share, 4) for label, share in held if share >= POSTERIOR_LEAST}


def _labeled(
    glitch: Glitch,
    glitch_class: GlitchClass,
    split: str,
    origin: str,
    weight: float,
    posterior: dict[str, float] | None = None,
) -> LabeledGlitch:
    return LabeledGlitch(
        glitch_id=glitch.pk,
        gravityspy_id=glitch.gravityspy_id,
        label=glitch_class.label,
        class_id=glitch_class.pk,
        split=split,
        origin=origin,
        weight=weight,
        content=glitch.content_digest,
        posterior=posterior,
    )


def _consensus_split(gravityspy_id: str) -> str:
    """Train or validation, by the id alone: a glitch never changes sides between trainings."""
    fraction = int(hashlib.sha256(gravityspy_id.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    split = GoldLabel.Split
    return split.VALIDATION if fraction < VALIDATION_SHARE else split.TRAIN


def trainable_classes(rows: list[LabeledGlitch] | None = None) -> set[str]:
    """The labels with enough examples in all and at least one in train and in test."""
    rows = _to_train_on() if rows is None else rows
    total = Counter(row.label for row in rows)
    has = {split: {r.label for r in rows if r.split == split} for split in ("train", "test")}
    return {
        label
        for label, count in total.items()
        if count >= EXAMPLES_MIN and label in has["train"] and label in has["test"]
    }


@transaction.atomic
def freeze_training_set(run: TrainingRun) -> list[LabeledGlitch]:
    """Write down what the run trains on, once; a run taken up again gets the same list.

    Sets the run's class list and the SHA-256 of the list. Raises LabelingError
    ``too_few_classes`` or ``nothing_to_test``.
    """
    run = TrainingRun.objects.select_for_update().get(pk=run.pk)
    if run.data_digest:
        return _frozen_examples(run)
    rows = _to_train_on()
    classes = trainable_classes(rows)
    rows = [row for row in rows if row.label in classes]
    if len(classes) < 2:
        raise LabelingError(
            _(
                "Training needs at least 2 classes with %(examples_min)s labeled glitches each; "
                "there are %(classes)s."
            )
            % {"examples_min": EXAMPLES_MIN, "classes": len(classes)},
            code="too_few_classes",
        )
    TrainingExample.objects.bulk_create(
        TrainingExample(
            run=run,
            glitch_id=row.glitch_id,
            glitch_class_id=row.class_id,
            split=row.split,
            origin=row.origin,
            weight=row.weight,
            posterior=row.posterior,
        )
        for row in rows
    )
    lines = "\n".join(f"{r.gravityspy_id} {r.label} {r.split} {r.content}" for r in rows)
    run.data_digest = hashlib.sha256(lines.encode()).hexdigest()
    in_order = GlitchClass.objects.filter(label__in=classes).order_by("id")
    run.class_list = freeze_class_list(list(in_order.values_list("label", flat=True)))
    run.save(update_fields=["data_digest", "class_list"])
    return rows


def _frozen_examples(run: TrainingRun) -> list[LabeledGlitch]:
    examples = run.examples.select_related("glitch", "glitch_class")
    rows = [
        _labeled(e.glitch, e.glitch_class, e.split, e.origin, e.weight, e.posterior)
        for e in examples
    ]
    return sorted(rows, key=lambda row: row.gravityspy_id)


def unlabeled_glitches(run: TrainingRun) -> QuerySet[Glitch]:
    """Glitches of before the run that it has no label of; reserved ones stay unseen."""
    return Glitch.objects.filter(created_at__lt=run.created_at, is_reserved=False).exclude(
        pk__in=run.examples.values("glitch_id")
    )


def record_epoch(run: TrainingRun, epoch: dict[str, Any]) -> bool:
    """Append one epoch's metrics; one that a resumed run reports again replaces the first."""
    with transaction.atomic():
        row = held(run).select_for_update().first()
        if row is None:
            return False
        kept = [e for e in row.epochs if e["epoch"] < epoch["epoch"]]
        row.epochs = [*kept, epoch]
        row.save(update_fields=["epochs"])
        return True


@dataclass(frozen=True)
class Trained:
    """What a training hands over: the weights' file and how they did on the gold test set."""

    weights: str
    weights_sha256: str
    metrics: dict[str, Any]
    goes_live: bool
    reason: str
    compared_with: int | None


def finish_training(run: TrainingRun, trained: Trained) -> ModelVersion | None:
    """Store the candidate and let it in, perhaps on trial first, or keep it out: one transaction.

    None where the run was taken from this worker meanwhile: then another one finishes it.
    ConflictError ``activation_conflict`` where another version went live since the comparison.
    """
    role = ModelVersion.Role.CLASSIFIER
    with transaction.atomic():
        if held(run).select_for_update().first() is None:
            return None
        version = ModelVersion.objects.create(
            role=role,
            number=next_number(role),
            training_run=run,
            class_list=run.class_list,
            weights=trained.weights,
            weights_sha256=trained.weights_sha256,
            metrics=trained.metrics,
            decision_reason=trained.reason,
        )
        if trained.goes_live:
            let_in(version, instead_of=trained.compared_with)
            jobs.enqueue_on_commit(jobs.REFRESH_PRIORS)
        else:
            version.state = ModelVersion.State.KEPT_OUT
            version.save(update_fields=["state"])
        end_run(run, Run.State.SUCCEEDED)
        jobs.enqueue_on_commit(
            jobs.EVALUATE, version_id=version.pk, against_id=trained.compared_with
        )
        return version


def next_number(role: str) -> int:
    """The next number of a role; the unique constraint settles a race."""
    last = ModelVersion.objects.filter(role=role).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


=======
>>>>>>> main
def request_training_if_due() -> TrainingRun | None:
    """Ask for a training where a class was born that no training has known yet.

    A training that runs, failed or was cancelled is not asked for again: a person looks at why.
    """
    active = active_version(ModelVersion.Role.CLASSIFIER)
    if active is None or active.class_list is None:
        return None
    born = GlitchClass.objects.filter(proposal__isnull=False, valid_to__isnull=True)
    unknown = set(born.values_list("label", flat=True)) - set(active.class_list.labels)
    due = unknown & trainable_classes() if unknown else set()
    if not due:
        return None
    newest = TrainingRun.objects.order_by("-pk").select_related("class_list").first()
    if newest is not None:
        tried = set(newest.class_list.labels) if newest.class_list else set()
        live_or_called_off = newest.state in {
            Run.State.REQUESTED,
            Run.State.RUNNING,
            Run.State.CANCELLED,
        }
        if live_or_called_off or due <= tried:
            return None
    return request_training(None, reason=f"classes without a training: {', '.join(sorted(due))}")
