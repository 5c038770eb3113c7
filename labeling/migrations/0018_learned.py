"""Whether trainings have had a glitch is asked by indexes, however many trainings there are."""

import django.db.models.deletion
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

TABLE = "labeling_trainingexample"
INDEX = "labeling_trainingexample_glitch_id_844c42ed"


class Migration(migrations.Migration):
    dependencies = [("labeling", "0017_workers")]

    operations = [
        migrations.AddIndex(
            model_name="trainingexample",
            index=models.Index(fields=["glitch", "split"], name="example_split"),
        ),
        # The index alone: AlterField would also check the foreign key of every row anew.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "trainingexample",
                    "glitch",
                    models.ForeignKey(
                        "labeling.glitch",
                        django.db.models.deletion.PROTECT,
                        related_name="+",
                        db_index=False,
                    ),
                )
            ],
            database_operations=[
                migrations.RunSQL(
                    f'DROP INDEX IF EXISTS "{INDEX}"',
                    f'CREATE INDEX IF NOT EXISTS "{INDEX}" ON "{TABLE}" ("glitch_id")',
                )
            ],
        ),
        migrations.AddIndex(
            model_name="trainingrun",
            index=GinIndex(fields=["unlabeled_ids"], name="training_unlabeled", fastupdate=False),
        ),
    ]
