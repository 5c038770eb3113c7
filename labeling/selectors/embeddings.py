"""The nearest of the stored embeddings."""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import QuerySet
from pgvector.django import L2Distance

from labeling.models import Embedding


def nearest_embeddings(
    among: QuerySet[Embedding], vector: Sequence[float], count: int
) -> list[tuple[int, float]]:
    """(glitch id, distance) of the ``count`` nearest of ``among``, the nearest first.

    The index knows no filter: by itself it gives the nearest 40 of all rows, of which ``among`` may
    leave none. Iterative scans go on until enough are left (pgvector, "Iterative Index Scans").
    """
    near = among.annotate(distance=L2Distance("vector", list(vector))).order_by("distance")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        return list(near.values_list("glitch_id", "distance")[:count])
