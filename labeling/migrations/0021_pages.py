from typing import Any

from django.db import migrations, models
from django.db.models import Q


def forget_what_is_new(apps: Any, _editor: Any) -> None:
    """On the way back: what the constraints of before cannot hold beside the rest."""
    apps.get_model("labeling", "Evaluation").objects.filter(in_time=True).delete()
    apps.get_model("labeling", "Look").objects.exclude(label="").delete()


# The defaults stand in the database: code of before this knows no such columns.
class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0020_deploy"),
    ]

    operations = [
        migrations.AddField(
            model_name="look",
            name="label",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="of which class the heat is wanted; empty: of the likeliest",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.UniqueConstraint(
                condition=Q(glitch__isnull=False) & ~Q(state__in=["failed", "cancelled"]),
                fields=["glitch", "model_version", "label"],
                name="one_look_a_glitch_version_class",
            ),
        ),
        migrations.RemoveConstraint(model_name="look", name="one_look_a_glitch_version"),
        migrations.AddField(
            model_name="evaluation",
            name="in_time",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="on those glitches alone that came later than all training",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.UniqueConstraint(
                fields=["model_version", "against", "test_digest", "in_time"],
                name="one_evaluation_a_version_test_time",
                nulls_distinct=False,
            ),
        ),
        migrations.RemoveConstraint(model_name="evaluation", name="one_evaluation_a_version_test"),
        migrations.RunPython(migrations.RunPython.noop, forget_what_is_new),
    ]
