"""Streams: shares at each level, lists of picks, the random audit, and why a glitch was lent."""

import django.db.models.deletion
from django.db import migrations, models

import labeling.models.workflows


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0007_speed"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="why",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="workflow",
            name="streams",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="which glitches are shown, as JSON: shares of batch, active and audit, uncertainty, route_by_skill (docs/crowd.md, Selection)",
                validators=[labeling.models.workflows.check_selection],
            ),
        ),
        migrations.AlterField(
            model_name="assignment",
            name="stream",
            field=models.CharField(
                choices=[
                    ("gold", "Gold"),
                    ("pool", "Pool"),
                    ("batch", "Batch"),
                    ("active", "active learning"),
                    ("audit", "random audit"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="PickList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stream",
                    models.CharField(
                        choices=[("active", "Active"), ("audit", "Audit")], max_length=8
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0)),
                ("size", models.PositiveIntegerField(default=0)),
                ("made_at", models.DateTimeField(null=True)),
                (
                    "model_version",
                    models.ForeignKey(
                        help_text="whose doubts",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="labeling.modelversion",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pick_lists",
                        to="labeling.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Pick",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rank", models.PositiveIntegerField()),
                ("after_retirement", models.BooleanField(default=False)),
                ("why", models.JSONField()),
                (
                    "glitch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labeling.glitch",
                    ),
                ),
                (
                    "pick_list",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="picks",
                        to="labeling.picklist",
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
            },
        ),
        migrations.CreateModel(
            name="AuditedGlitch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("probability", models.FloatField()),
                ("drawn_at", models.DateTimeField(auto_now_add=True)),
                ("asked_at", models.DateTimeField(null=True)),
                ("votes_wanted", models.PositiveSmallIntegerField(default=0)),
                ("found_agreement", models.FloatField(null=True)),
                (
                    "agreed_class",
                    models.ForeignKey(
                        help_text="null: no consensus",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.glitchclass",
                    ),
                ),
                (
                    "found_class",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.glitchclass",
                    ),
                ),
                (
                    "glitch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audited",
                        to="labeling.glitch",
                    ),
                ),
                (
                    "predicted_class",
                    models.ForeignKey(
                        help_text="by the classifier",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.glitchclass",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audited glitches",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("probability__gt", 0), ("probability__lte", 1)),
                        name="audit_probability_is_a_probability",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("found_agreement__isnull", True), ("found_class__isnull", True)
                            ),
                            models.Q(
                                ("asked_at__isnull", False),
                                ("found_agreement__gte", 0),
                                ("found_agreement__lte", 1),
                                ("found_class__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="audit_found_after_asking",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="picklist",
            constraint=models.UniqueConstraint(
                fields=("workflow", "stream"), name="one_pick_list_a_workflow_stream"
            ),
        ),
        migrations.AddConstraint(
            model_name="pick",
            constraint=models.UniqueConstraint(
                fields=("pick_list", "rank"), name="one_pick_a_rank"
            ),
        ),
    ]
