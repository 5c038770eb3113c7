"""What can be wrong with a training, a picture or a file of weights; each with its code."""

from __future__ import annotations

from ml.errors import MLError


class BadSettings(MLError):
    """A training setting that is unknown or out of range; the message names the key."""

    code = "bad_settings"


class UnknownBackbone(MLError):
    code = "unknown_backbone"


class MissingWeights(MLError):
    """Neither a file nor a download gives the weights asked for."""

    code = "missing_weights"


class DamagedWeights(MLError):
    """A file of weights that is truncated, changed, or of another layout."""

    code = "damaged_weights"


class OtherColumns(MLError):
    """An embedding is given what another network, or other durations, made of the pictures."""

    code = "other_columns"


class OldEmbedding(MLError):
    """A file of before embeddings kept their network: it says nothing of pictures sent to it."""

    code = "old_embedding"


class TooFewClasses(MLError):
    code = "too_few_classes"


class NothingToTest(MLError):
    code = "nothing_to_test"


class NothingToTrain(MLError):
    """Classes of the list without a single readable training example."""

    code = "nothing_to_train"


class UnknownLabel(MLError):
    """An example's label is not in the class list."""

    code = "unknown_label"


class GlitchInTwoSplits(MLError):
    code = "glitch_in_two_splits"


class CheckpointMismatch(MLError):
    """The folder holds the checkpoints of another training."""

    code = "checkpoint_mismatch"


class NaNLoss(MLError):
    code = "nan_loss"


class NoUsableDuration(MLError):
    """A glitch without any picture from which one of the durations asked for can be cut."""

    code = "no_usable_duration"


class UnreadablePictures(MLError):
    """Some glitches asked for have pictures that cannot be read; ``data["skipped"]`` lists them."""

    code = "unreadable_pictures"


class NotTheSameTest(MLError):
    """Two model versions were judged on different gold test sets."""

    code = "not_the_same_test"


class UnknownRecipe(MLError):
    code = "unknown_recipe"


class DiskFull(MLError):
    """A checkpoint or a file of weights found no room; the last good checkpoint is kept."""

    code = "disk_full"


class OutOfMemory(MLError):
    """Not even two pictures at once fit into the device's memory."""

    code = "out_of_memory"


class PartTooLarge(OutOfMemory):
    """A part of a minibatch does not fit, but smaller ones may: ``data["parts"]`` of them."""


class NoMembers(MLError):
    """An ensemble without at least two model versions that can be loaded."""

    code = "no_members"


class ProcessesFailed(MLError):
    """One of the processes that train together ended with an error."""

    code = "processes_failed"


class ReadersEnded(MLError):
    """A process that reads pictures was killed."""

    code = "readers_ended"
