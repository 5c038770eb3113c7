from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Field of a vote -> what it points to, further arguments, and the index that nobody looks by.
NO_LONGER_INDEXED: dict[str, tuple[str, dict[str, Any], str]] = {
    "volunteer": (
        settings.AUTH_USER_MODEL,
        {"related_name": "votes"},
        "labeling_vote_volunteer_id_b223024e",
    ),
    "glitch": ("labeling.glitch", {"related_name": "votes"}, "labeling_vote_glitch_id_cd66764c"),
    "workflow": (
        "labeling.workflow",
        {"related_name": "+", "null": True},
        "labeling_vote_workflow_id_d27d1a5c",
    ),
    "offered": (
        "labeling.classlist",
        {"related_name": "+", "null": True},
        "labeling_vote_offered_id_bcb2c2a2",
    ),
    "voted": (
        "labeling.glitchclass",
        {"related_name": "+", "null": True},
        "labeling_vote_voted_id_cc94e8ec",
    ),
}


def drop_index(
    name: str, to: str, more: dict[str, Any], index: str
) -> migrations.SeparateDatabaseAndState:
    """The index alone: AlterField would also check the foreign key of every vote anew."""
    field: Any = models.ForeignKey(
        to=to, on_delete=django.db.models.deletion.PROTECT, db_index=False, **more
    )
    return migrations.SeparateDatabaseAndState(
        state_operations=[migrations.AlterField("vote", name, field)],
        database_operations=[
            migrations.RunSQL(
                f'DROP INDEX IF EXISTS "{index}"',
                f'CREATE INDEX IF NOT EXISTS "{index}" ON "labeling_vote" ("{name}_id")',
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0006_policies"),
    ]

    operations = [
        drop_index(name, to, more, index) for name, (to, more, index) in NO_LONGER_INDEXED.items()
    ]
