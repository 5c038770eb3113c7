from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0013_label_issues"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="queue_place",
            field=models.FloatField(
                editable=False,
                help_text="queue_key of the last glitch voted on from the pool",
                null=True,
            ),
        ),
    ]
