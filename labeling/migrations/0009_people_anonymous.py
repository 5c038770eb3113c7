from django.db import migrations, models


class Migration(migrations.Migration):
    """Visitors and closed accounts. Nothing of the rows that are there changes."""

    dependencies = [
        ("labeling", "0008_streams"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="closed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="user",
            name="role",
            field=models.CharField(
                choices=[
                    ("visitor", "Visitor"),
                    ("volunteer", "Volunteer"),
                    ("reviewer", "Reviewer"),
                    ("pipeline", "Pipeline"),
                ],
                default="volunteer",
                max_length=16,
            ),
        ),
    ]
