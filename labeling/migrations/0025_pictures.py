"""Event times are possible ones, and pictures have a sketch by which copies of them are known.

A glitch has a time of GPS seconds from 0 to 5e9, or none.

Rows that break the rule (GPS nanoseconds, negative or not finite numbers) lose their event_time:
it is set to null, and their pages say "unknown". Which they are tells, before migrating:
SELECT gravityspy_id, event_time FROM labeling_glitch WHERE event_time NOT BETWEEN 0 AND 5e9.
Going back does not bring the numbers back. The sketches of stored pictures are made by a sweep.
"""

import pgvector.django
from django.db import migrations, models

# No import may come in between this and the constraint.
FORGET_IMPOSSIBLE = """
LOCK TABLE labeling_glitch IN SHARE ROW EXCLUSIVE MODE;
UPDATE labeling_glitch SET event_time = NULL WHERE event_time NOT BETWEEN 0 AND 5e9;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0024_looks"),
    ]

    operations = [
        migrations.RunSQL(FORGET_IMPOSSIBLE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="glitch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("event_time__isnull", True),
                    models.Q(("event_time__gte", 0), ("event_time__lte", 5000000000.0)),
                    _connector="OR",
                ),
                name="event_time_in_gps_seconds",
            ),
        ),
        migrations.AddField(
            model_name="picture",
            name="sketch",
            field=pgvector.django.BitField(
                editable=False,
                help_text="what copies are known by (ml.sketch)",
                length=256,
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="picture",
            index=pgvector.django.HnswIndex(
                fields=["sketch"], name="picture_copies", opclasses=["bit_hamming_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="picture",
            index=models.Index(
                condition=models.Q(("sketch__isnull", True)),
                fields=["id"],
                name="picture_to_sketch",
            ),
        ),
    ]
