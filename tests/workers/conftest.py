import pytest


@pytest.fixture(autouse=True)
def small_network(settings):
    """Trainings here take the recipe whose weights come in a package, also beside a GPU."""
    settings.TRAINING_RECIPE = "nota-cpu"
