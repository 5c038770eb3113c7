"""Discovery: one run from the frozen pool to proposals.

Every embedding is measured on known classes held out in turn; the best is fitted on all labeled
glitches, and the pool is clustered in it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import DiscoveryRun, ModelVersion
from labeling.selectors.training_rows import labeled_glitches
from labeling.selectors.versions import active_version
from labeling.services.discovery import Discovered, Found, finish_discovery, freeze_pool
from labeling.services.runs import claim_run, held
from labeling.version import code_version
from ml.vision.recipes.settings import TrainingSettings
from workers.pictures import glitch_pictures
from workers.tasks import DeviceTask, Held, holding, worker_name

if TYPE_CHECKING:
    from ml.discovery.choose import Choice
    from ml.discovery.describe import Description
    from ml.vision.embedding.embedder import Embedder
    from ml.vision.embedding.kinds import Fit
    from ml.vision.networks.network import GlitchNetwork

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Inputs:
    """What embeddings are made from, a row a glitch: first the labeled ones, then the pool.

    ``labels`` (m,) of the first m rows; ``rows`` (n, D): ``feature_size`` features, then pixels.
    """

    glitch_ids: list[int]
    labels: npt.NDArray[np.str_]
    rows: Floats
    feature_size: int

    @property
    def known(self) -> slice:
        return slice(0, len(self.labels))

    @property
    def pool(self) -> slice:
        return slice(len(self.labels), None)


@shared_task(name=jobs.RUN_DISCOVERY, base=DeviceTask)
def run_discovery(run_id: int) -> None:
    """Embed, cluster and propose; returns at once where the run is another's or has ended."""
    from ml.vision.networks.network import build_network

    run = claim_run(DiscoveryRun, run_id, worker_name())
    if run is None:
        return
    with holding(run) as life:
        life.check_attempts()
        held(run).update(code_version=code_version())
        network = build_network(_recipe(), classes=2)
        inputs = _gather(freeze_pool(run), network, life)
        discovered = _discover(run, inputs, network, life)
        life.report("storing proposals", 0.95)
        finish_discovery(run, discovered)


def _gather(pool: Sequence[int], network: "GlitchNetwork", life: Held) -> Inputs:
    """Features and pixels of the labeled glitches and the pool; unreadable ones are left out."""
    from ml.vision.embedding.frozen import embedding_inputs

    labels = {row.glitch_id: row.label for row in labeled_glitches()}
    ids = [*labels, *(glitch_id for glitch_id in pool if glitch_id not in labels)]
    stored = glitch_pictures(ids)
    life.report("looking at the pictures", 0.05, until=0.3)
    joint = embedding_inputs([stored[i] for i in ids], network, settings.CACHE_FOLDER)
    readable = [int(glitch_id) for glitch_id in joint.glitch_ids]
    return Inputs(
        glitch_ids=readable,
        labels=np.array([labels[i] for i in readable if i in labels], dtype=np.str_),
        rows=joint.rows,
        feature_size=joint.feature_size,
    )


def _recipe() -> TrainingSettings:
    """The views and backbone of the classifier in use, if untouched they are worth anything.

    Random weights, or layers of its own on top, say nothing before they are trained: then the
    default's backbone looks.
    """
    version = active_version(ModelVersion.Role.CLASSIFIER)
    if version is None:
        raise LabelingError(
            "Discovery needs an active classifier: train one first.", code="no_active_classifier"
        )
    run = version.training_run
    used = TrainingSettings.from_dict(run.settings if run else {})
    return used if used.is_plain else TrainingSettings()


def _discover(
    run: DiscoveryRun, inputs: Inputs, network: "GlitchNetwork", life: Held
) -> Discovered:
    from ml.discovery.cluster import cluster_pool
    from ml.discovery.describe import describe_clusters
    from ml.vision.embedding.embedder import Embedder
    from ml.vision.embedding.kinds import embeddings_for

    seed = int(run.settings.get("seed", 0))
    life.report("measuring embeddings on held-out classes", 0.3, until=0.7)
    fits = embeddings_for(inputs.feature_size)
    choice = _choose(fits, inputs, seed)
    life.report(f"embedding by {choice.winner}", 0.7)
    embedding = fits[choice.winner](inputs.rows[inputs.known], inputs.labels, seed)
    vectors = embedding.transform(inputs.rows)
    life.report("clustering the pool", 0.8)
    clusters = cluster_pool(vectors[inputs.pool], seed)
    described = describe_clusters(
        clusters, vectors[inputs.pool], vectors[inputs.known], inputs.labels
    )
    ids = inputs.glitch_ids[inputs.pool]
    weights, sha256 = _save(run, Embedder(network, embedding))
    return Discovered(
        weights=weights,
        weights_sha256=sha256,
        measured=[asdict(row) for row in choice.rows],
        chosen=choice.winner,
        reason=choice.reason,
        vectors=dict(zip(inputs.glitch_ids, vectors.tolist(), strict=True)),
        found=[_found(one, ids) for one in described if one.worth_showing],
        left_out=[_left_out(one) for one in described if not one.worth_showing],
    )


def _choose(fits: "Mapping[str, Fit]", inputs: Inputs, seed: int) -> "Choice":
    from ml.discovery.choose import Candidate, choose_embedding
    from ml.vision.embedding.kinds import DEFAULT_EMBEDDING

    def transform_of(fit: "Fit") -> Callable[..., Callable[[Floats], Floats]]:
        return lambda rows, labels, seed: fit(rows, labels, seed).transform

    known = inputs.rows[inputs.known]
    candidates = {name: Candidate(known, transform_of(fit)) for name, fit in fits.items()}
    return choose_embedding(candidates, inputs.labels, seed, DEFAULT_EMBEDDING)


def _save(run: DiscoveryRun, embedder: "Embedder") -> tuple[str, str]:
    """The file's name below the models folder, and its SHA-256."""
    path = settings.MODELS_FOLDER / f"discovery-{run.pk}" / "embedding.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    embedder.write(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return str(path.relative_to(settings.MODELS_FOLDER)), sha256


def _found(described: "Description", ids: Sequence[int]) -> Found:
    cluster = described.cluster
    distances = zip(cluster.members.tolist(), described.distances.tolist(), strict=True)
    return Found(
        method=cluster.method,
        distances={ids[member]: distance for member, distance in distances},
        medoids=[ids[member] for member in described.medoids.tolist()],
        cohesion=cluster.cohesion,
        stability=cluster.stability,
        nearest_label=described.nearest_class,
        nearest_distance=described.nearest_distance,
        evidence=described.reason,
    )


def _left_out(described: "Description") -> dict[str, Any]:
    return {
        "method": described.cluster.method,
        "members": len(described.cluster.members),
        "reason": described.reason,
    }
