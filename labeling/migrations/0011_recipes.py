from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0010_skill_prior"),
    ]

    operations = [
        migrations.AddField(
            model_name="trainingexample",
            name="posterior",
            field=models.JSONField(
                blank=True,
                help_text="what the crowd held of each class; null for gold",
                null=True,
            ),
        ),
    ]
