from django.db import migrations, models

# No search may come in between this and the constraint.
ONE_DISCOVERY = """
LOCK TABLE labeling_discoveryrun IN SHARE ROW EXCLUSIVE MODE;
UPDATE labeling_discoveryrun SET state = 'cancelled', ended_at = now()
WHERE state IN ('requested', 'running') AND id <> (
    SELECT id FROM labeling_discoveryrun WHERE state IN ('requested', 'running')
    ORDER BY state = 'running' DESC, id LIMIT 1
);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0022_runs_of_judging"),
    ]

    operations = [
        migrations.RunSQL(ONE_DISCOVERY, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="discoveryrun",
            constraint=models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(("state__in", ("requested", "running"))),
                name="one_discovery_at_a_time",
            ),
        ),
    ]
