from django.apps import AppConfig
from django.core.checks import register


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        from labeling import checks

        register(checks.check_recipe)
        register(checks.check_numbers)
