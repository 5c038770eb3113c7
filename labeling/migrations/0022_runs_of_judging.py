import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# No label check may come in between this and the constraint.
ONE_LABEL_CHECK = """
LOCK TABLE labeling_labelcheck IN SHARE ROW EXCLUSIVE MODE;
UPDATE labeling_labelcheck SET state = 'cancelled', ended_at = now()
WHERE state IN ('requested', 'running') AND id <> (
    SELECT id FROM labeling_labelcheck WHERE state IN ('requested', 'running')
    ORDER BY state = 'running' DESC, id LIMIT 1
);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0021_pages"),
    ]

    operations = [
        migrations.RunSQL(ONE_LABEL_CHECK, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="labelcheck",
            constraint=models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(("state__in", ("requested", "running"))),
                name="one_label_check_at_a_time",
            ),
        ),
        migrations.CreateModel(
            name="EvaluationRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("settings", models.JSONField(default=dict)),
                ("stage", models.CharField(blank=True, max_length=80)),
                ("progress", models.FloatField(default=0)),
                ("worker", models.CharField(blank=True, max_length=120)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "attempts_in_vain",
                    models.PositiveSmallIntegerField(
                        db_default=0, help_text="of these, since the work last got further"
                    ),
                ),
                ("leased_until", models.DateTimeField(null=True)),
                ("error_code", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True)),
                ("code_version", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labeling.modelversion",
                    ),
                ),
                (
                    "against",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labeling.modelversion",
                    ),
                ),
                (
                    "evaluation",
                    models.ForeignKey(
                        help_text="the figures stored",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="labeling.evaluation",
                    ),
                ),
                ("in_time", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="evaluationrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("progress__gte", 0), ("progress__lte", 1)),
                name="evaluation_progress_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluationrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("requested", "running"))),
                fields=("model_version", "against", "in_time"),
                name="one_evaluation_run_at_a_time",
                nulls_distinct=False,
            ),
        ),
    ]
