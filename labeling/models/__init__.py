"""The truth in the database: shape of the data, and what may never be."""

from labeling.models.assignments import Assignment
from labeling.models.audit import AuditEvent, TaskError
from labeling.models.batches import Batch, BatchGlitch
from labeling.models.classes import ClassList, GlitchClass
from labeling.models.consensus import Consensus
from labeling.models.glitches import Glitch, Picture
from labeling.models.gold import GoldLabel
from labeling.models.judging import (
    DriftCheck,
    Evaluation,
    EvaluationRun,
    ShadowTrial,
    TrainingRequest,
)
from labeling.models.label_issues import LabelCheck, LabelIssue
from labeling.models.looks import Look
from labeling.models.model_versions import (
    Embedding,
    ModelVersion,
    Prediction,
    UnreadableGlitch,
)
from labeling.models.picks import AuditedGlitch, Pick, PickList
from labeling.models.priors import LearnedPrior, SkillRefit
from labeling.models.proposals import Proposal, ProposalEvent, ProposalMember
from labeling.models.runs import DiscoveryRun, TrainingExample, TrainingRun
from labeling.models.talk import Collection, CollectionGlitch, Comment
from labeling.models.volunteers import AgreedAnswers, ApiToken, Skill, User
from labeling.models.votes import Vote
from labeling.models.workflows import Workflow, WorkflowClass

__all__ = [
    "AgreedAnswers",
    "ApiToken",
    "Assignment",
    "AuditEvent",
    "AuditedGlitch",
    "Batch",
    "BatchGlitch",
    "ClassList",
    "Collection",
    "CollectionGlitch",
    "Comment",
    "Consensus",
    "DiscoveryRun",
    "DriftCheck",
    "Embedding",
    "Evaluation",
    "EvaluationRun",
    "Glitch",
    "GlitchClass",
    "GoldLabel",
    "LabelCheck",
    "LabelIssue",
    "LearnedPrior",
    "Look",
    "ModelVersion",
    "Pick",
    "PickList",
    "Picture",
    "Prediction",
    "Proposal",
    "ProposalEvent",
    "ProposalMember",
    "ShadowTrial",
    "Skill",
    "SkillRefit",
    "TaskError",
    "TrainingExample",
    "TrainingRequest",
    "TrainingRun",
    "UnreadableGlitch",
    "User",
    "Vote",
    "Workflow",
    "WorkflowClass",
]
