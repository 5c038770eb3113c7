"""What a vote a few milliseconds long needs: skills in one row, gold in a queue of its own."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.math
from django.conf import settings
from django.db import migrations, models

# Answers of before count as given now: none has had time to fade.
CARRY_SKILLS_OVER = """
WITH made AS (
    INSERT INTO labeling_skill (volunteer_id, truths, votes, counts, weights, created_at)
    SELECT volunteer_id, array_agg(truth_id ORDER BY id), array_agg(voted_id ORDER BY id),
        array_agg(answers ORDER BY id),
        array_agg(answers * power(2, extract(epoch FROM now() - '2026-01-01T00:00Z') / 86400 / 365)
            ORDER BY id), now()
    FROM labeling_skillcount GROUP BY volunteer_id RETURNING id, volunteer_id
)
UPDATE labeling_user u SET skill_id = made.id FROM made WHERE made.volunteer_id = u.id;
"""
MARK_SHOWN_GOLD = """
UPDATE labeling_goldlabel SET is_shown = true WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY glitch_class_id ORDER BY id) AS place
        FROM labeling_goldlabel WHERE split = 'train'
    ) counted WHERE place <= 2);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0004_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="Skill",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "truths",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "votes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "counts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), size=None
                    ),
                ),
                (
                    "weights",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(),
                        help_text="as counts, older answers faded (ml.crowd.answers)",
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name="consensus",
            name="prior",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.FloatField(),
                default=list,
                help_text="before any vote, in the same order",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="consensus",
            name="skills",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(null=True),
                default=list,
                help_text="the skill that each vote was weighed by, in their order; null: a newcomer's",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="goldlabel",
            name="is_shown",
            field=models.BooleanField(
                default=False, help_text="an example of the field guide: everybody knows what it is"
            ),
        ),
        migrations.AddField(
            model_name="goldlabel",
            name="queue_key",
            field=models.FloatField(
                db_default=django.db.models.functions.math.Random(), editable=False
            ),
        ),
        migrations.AddIndex(
            model_name="goldlabel",
            index=models.Index(fields=["glitch_class", "queue_key"], name="gold_queue"),
        ),
        migrations.AddField(
            model_name="skill",
            name="volunteer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="skills",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="skill",
            field=models.ForeignKey(
                editable=False,
                help_text="the latest",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="labeling.skill",
            ),
        ),
        migrations.RunSQL(CARRY_SKILLS_OVER, migrations.RunSQL.noop),
        migrations.RunSQL(MARK_SHOWN_GOLD, migrations.RunSQL.noop),
        migrations.DeleteModel(
            name="SkillCount",
        ),
    ]
