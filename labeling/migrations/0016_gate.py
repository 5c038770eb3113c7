import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def take_learned_out_of_the_test(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Gold that was drawn for the test after a training had the glitch goes to that split."""
    gold = apps.get_model("labeling", "GoldLabel").objects
    examples = apps.get_model("labeling", "TrainingExample").objects
    for split in ("train", "validation"):
        had = examples.filter(split=split).values("glitch_id")
        gold.filter(split="test", glitch_id__in=had).update(split=split)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0014_crowd")]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="unlabeled_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                help_text="glitches learned from without a label; null before they are chosen",
                null=True,
                size=None,
            ),
        ),
        migrations.RunPython(take_learned_out_of_the_test, migrations.RunPython.noop),
    ]
