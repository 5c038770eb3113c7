from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PROTECT, CASCADE = django.db.models.deletion.PROTECT, django.db.models.deletion.CASCADE
USER = settings.AUTH_USER_MODEL
OPTIONAL: dict[str, Any] = {"related_name": "+", "null": True}
VOTES: dict[str, Any] = {"related_name": "votes"}
# Model, field, what it points to, what else it is, and the index that nobody looks by.
NO_LONGER_INDEXED: tuple[tuple[str, str, str, Any, dict[str, Any], str], ...] = (
    ("vote", "volunteer", USER, PROTECT, VOTES, "volunteer_id_b223024e"),
    ("vote", "glitch", "labeling.glitch", PROTECT, VOTES, "glitch_id_cd66764c"),
    ("vote", "workflow", "labeling.workflow", PROTECT, OPTIONAL, "workflow_id_d27d1a5c"),
    ("vote", "offered", "labeling.classlist", PROTECT, OPTIONAL, "offered_id_bcb2c2a2"),
    ("vote", "voted", "labeling.glitchclass", PROTECT, OPTIONAL, "voted_id_cc94e8ec"),
    ("assignment", "workflow", "labeling.workflow", PROTECT, OPTIONAL, "workflow_id_2ab3ef9b"),
    ("assignment", "offered", "labeling.classlist", PROTECT, OPTIONAL, "offered_id_1a2c5297"),
    (
        "assignment",
        "batch_glitch",
        "labeling.batchglitch",
        CASCADE,
        OPTIONAL,
        "batch_glitch_id_ce92d7ea",
    ),
)


def drop_index(
    model: str, field: str, to: str, on_delete: Any, more: dict[str, Any], index: str
) -> migrations.SeparateDatabaseAndState:
    """The index alone: AlterField would also check the foreign key of every row anew."""
    table = f"labeling_{model}"
    key: Any = models.ForeignKey(to=to, on_delete=on_delete, db_index=False, **more)
    return migrations.SeparateDatabaseAndState(
        state_operations=[migrations.AlterField(model, field, key)],
        database_operations=[
            migrations.RunSQL(
                f'DROP INDEX IF EXISTS "{table}_{index}"',
                f'CREATE INDEX IF NOT EXISTS "{table}_{index}" ON "{table}" ("{field}_id")',
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0006_policies"),
    ]

    operations = [drop_index(*row) for row in NO_LONGER_INDEXED]
