"""One row a task failure, examples that come back with an undo, ways back that end."""

import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import MD5, Now

# The last row of each failure takes what the others tell.
FOLD = """
WITH same AS (
    SELECT max(id) AS id, count(*) AS times, min(at) AS first_at, max(at) AS at
    FROM labeling_taskerror GROUP BY task, md5(error)
)
UPDATE labeling_taskerror kept
SET times = same.times, first_at = same.first_at, at = same.at
FROM same WHERE kept.id = same.id;
DELETE FROM labeling_taskerror
WHERE id NOT IN (SELECT max(id) FROM labeling_taskerror GROUP BY task, md5(error));
"""


def cut_rings(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Let the way back from each version in use end where it would come to a version again."""
    versions = apps.get_model("labeling", "ModelVersion").objects
    before = dict(versions.values_list("pk", "replaces"))
    for version in versions.filter(state="active").values_list("pk", flat=True):
        seen = {version}
        while before[version] is not None and before[version] not in seen:
            version = before[version]
            seen.add(version)
        versions.filter(pk=version).update(replaces=None)


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0019_runs"),
    ]

    operations = [
        migrations.AlterModelOptions(name="taskerror", options={"ordering": ["-at"]}),
        migrations.AddField(
            model_name="labelissue",
            name="was_shown",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text=(
                    "whether the gold glitch was an example of its class before it was relabeled"
                ),
            ),
        ),
        migrations.AddField(
            model_name="taskerror",
            name="first_at",
            field=models.DateTimeField(db_default=Now(), default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="taskerror",
            name="times",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AlterField(
            model_name="taskerror",
            name="arguments",
            field=models.JSONField(default=dict, help_text="of the last time"),
        ),
        migrations.AlterField(
            model_name="taskerror",
            name="at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="the last time"
            ),
        ),
        migrations.RunSQL(FOLD, migrations.RunSQL.noop),
        migrations.RunPython(cut_rings, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="taskerror",
            constraint=models.UniqueConstraint(
                models.F("task"), MD5("error"), name="one_row_a_task_failure"
            ),
        ),
    ]
