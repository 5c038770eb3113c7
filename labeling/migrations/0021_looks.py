from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0017_workers"),
    ]

    operations = [
        migrations.AddField(
            model_name="look",
            name="label",
            # The default stands in the database: code of before knows no such column.
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
    ]
