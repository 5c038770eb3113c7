"""Pictures have a sketch by which copies of them are known; a sweep makes those of stored ones."""

import pgvector.django
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0025_event_times"),
    ]

    operations = [
        migrations.AddField(
            model_name="picture",
            name="sketch",
            field=pgvector.django.BitField(
                editable=False,
                help_text="what copies are known by (ml.sketch)",
                length=256,
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="picture",
            index=pgvector.django.HnswIndex(
                fields=["sketch"], name="picture_copies", opclasses=["bit_hamming_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="picture",
            index=models.Index(
                condition=models.Q(("sketch__isnull", True)),
                fields=["id"],
                name="picture_to_sketch",
            ),
        ),
    ]
