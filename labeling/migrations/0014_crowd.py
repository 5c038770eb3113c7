from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0013_label_issues"),
        ("admin", "0003_logentry_add_action_flag_choices"),
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
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                models.F("data__author"),
                condition=models.Q(("verb", "delete_comment")),
                name="audit_author",
            ),
        ),
        # Django's own table, which has no index by what a deed was done to.
        migrations.RunSQL(
            'CREATE INDEX IF NOT EXISTS "admin_log_object" ON "django_admin_log" '
            '("object_id", "content_type_id")',
            'DROP INDEX IF EXISTS "admin_log_object"',
        ),
    ]
