"""A glitch has a time of GPS seconds from 0 to 5e9, or none.

Rows that break the rule (GPS nanoseconds, negative or not finite numbers) lose their event_time:
it is set to null, and their pages say "unknown". Which they are tells, before migrating:
SELECT gravityspy_id, event_time FROM labeling_glitch WHERE event_time NOT BETWEEN 0 AND 5e9.
Going back does not bring the numbers back.
"""

from django.db import migrations, models

# The strongest lock at once: a constraint needs it, and whoever takes it in two steps is locked out
# by a vote that waits for the first. Who does not get it in time changes nothing; migrate again.
FORGET_IMPOSSIBLE = """
SET LOCAL lock_timeout = '30s';
LOCK TABLE labeling_glitch IN ACCESS EXCLUSIVE MODE;
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
    ]
