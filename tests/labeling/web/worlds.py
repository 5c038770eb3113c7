"""Small worlds for the pages: a proposal, a version, a glitch without consensus."""

from django.utils import timezone

from labeling.models import (
    ClassList,
    Consensus,
    DiscoveryRun,
    Glitch,
    GlitchClass,
    ModelVersion,
    Proposal,
    ProposalEvent,
    ProposalMember,
    TrainingRun,
)
from labeling.services.classes import freeze_class_list
from tests.conftest import make_glitch, write_weights

EPOCHS = [
    {"epoch": 0, "epochs": 2, "train_loss": 2.0, "val_loss": None, "val_accuracy": None},
    {"epoch": 1, "epochs": 2, "train_loss": 1.0, "val_loss": 1.5, "val_accuracy": 0.5},
    {"epoch": 2, "epochs": 2, "train_loss": 0.5, "val_loss": 1.0, "val_accuracy": 0.75},
]
METRICS = {
    "accuracy": 0.875,
    "macro_f1": 0.8,
    "log_loss": 0.4,
    "ece": 0.05,
    "count": 8,
    "classes": ["Blip", "Whistle"],
    "confusion": [[4, 0], [1, 3]],
    "per_class": {
        "Blip": {"precision": 0.8, "recall": 1.0, "f1": 0.89, "support": 4},
        "Whistle": {"precision": 1.0, "recall": 0.75, "f1": 0.86, "support": 4},
    },
}


def make_proposal(numbers=range(100, 106), **fields) -> Proposal:
    """A proposal of glitches of these numbers; the first two are its medoids."""
    run = DiscoveryRun.objects.create(state="succeeded", progress=1, pool_size=len(numbers))
    proposal = Proposal.objects.create(
        discovery_run=run,
        method="hdbscan",
        cohesion=0.8,
        stability=0.9,
        nearest_class=GlitchClass.objects.get(label="Blip"),
        nearest_distance=1.5,
        first_seen=1_238_166_018,
        last_seen=1_238_770_818,
        counts_by_ifo={"H1": len(numbers)},
        counts_by_week={"1238112000": 4, "1238716800": 2},
        evidence="They lie close together.",
        **fields,
    )
    for place, number in enumerate(numbers):
        ProposalMember.objects.create(
            proposal=proposal,
            glitch=make_glitch(number, is_simulated=True),
            distance=place / 10,
            is_medoid=place < 2,
        )
    ProposalEvent.objects.create(proposal=proposal, to_state="proposed", reason="found")
    return proposal


def make_version(number: int, state: str) -> ModelVersion:
    classes: ClassList = freeze_class_list(["Blip", "Whistle"])
    run = TrainingRun.objects.create(
        state="succeeded", reason="first labels", epochs=EPOCHS, class_list=classes
    )
    return ModelVersion.objects.create(
        role="classifier",
        number=number,
        state=state,
        training_run=run,
        class_list=classes,
        weights="w.pt",
        weights_sha256=write_weights("w.pt"),
        metrics=METRICS,
        decision_reason=f"Version {number} was judged.",
        activated_at=timezone.now(),
    )


def make_undecided(number: int) -> Glitch:
    """A glitch on which the volunteers split evenly between Blip and Whistle."""
    glitch = make_glitch(number)
    glitch.retired_at = timezone.now()
    glitch.retire_reason = Glitch.RetireReason.CLASSIFICATION_COUNT
    glitch.votes_count = 8
    glitch.save()
    Consensus.objects.create(
        glitch=glitch,
        class_list=freeze_class_list(["Blip", "Whistle"]),
        agreement=[0.6, 0.4],
        top_class=GlitchClass.objects.get(label="Blip"),
        top_agreement=0.6,
        votes_count=8,
        rule="bayes",
    )
    return glitch
