import pytest

from ml.vision.errors import BadSettings
from ml.vision.recipes.changes import parse_changes


@pytest.mark.parametrize(
    ("lines", "changes"),
    [
        ([], {}),
        (["", "  "], {}),
        (["epochs=20"], {"epochs": 20}),
        ([" learning_rate = 1e-4 "], {"learning_rate": 1e-4}),
        (["soft_targets=true", "members=[3, 5]"], {"soft_targets": True, "members": [3, 5]}),
        (["split=in time"], {"split": "in time"}),
        (['recipe="a=b"'], {"recipe": "a=b"}),
        (["durations=[1.0"], {"durations": "[1.0"}),
        (["durations=" + "[" * 100_000], {"durations": "[" * 100_000}),
    ],
)
def test_values_are_json_or_else_words(lines, changes):
    assert parse_changes(lines) == changes


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["epochs 20"], "'epochs 20' is no setting: write KEY=VALUE"),
        (["epochs="], "'epochs=' is no setting"),
        (["=20"], "'=20' is no setting"),
        (["epochs=20", "epochs=30"], "'epochs' is given twice"),
    ],
)
def test_what_is_no_setting_is_quoted(lines, words):
    with pytest.raises(BadSettings, match=words):
        parse_changes(lines)
