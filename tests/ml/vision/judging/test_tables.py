"""The tables of a version judged against another, as files."""

import csv
import io
import json

import numpy as np

from ml.vision.judging.compare import compare
from ml.vision.judging.figures import figures
from ml.vision.judging.groups import by_groups
from ml.vision.judging.judged import Judged
from ml.vision.judging.nearness import Origins
from ml.vision.judging.tables import csv_files, tables

LABELS = ["Scattered_Light", "Blip", "Whistle"]
FIRST = Judged(LABELS, np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3]]), LABELS)
SECOND = Judged(LABELS, np.array([[0.8, 0.1, 0.1], [0.2, 0.1, 0.7], [0.1, 0.1, 0.8]]), LABELS)
NOWHERE = Origins(["H1", "L1", "H1"], np.full(3, np.nan), np.zeros(0))


def test_columns_and_rows_stand_in_their_order_whatever_order_they_were_stored_in():
    """Postgres keeps the keys of JSON by length and letter: macro_f1 behind ece."""
    made = {"figures": figures(FIRST) | {"by": by_groups(FIRST, NOWHERE)}}
    made["comparison"] = compare(FIRST, SECOND)
    stored = json.loads(json.dumps(made, sort_keys=True))
    files, again = (
        csv_files(tables({"classifier 2": one["figures"]}, one["comparison"]))
        for one in (made, stored)
    )
    assert files == again
    headers = {name: next(csv.reader(io.StringIO(text))) for name, text in files.items()}
    group = ["name", "count", "accuracy", "macro_f1", "log_loss", "ece", "low", "high"]
    assert headers["by_detector.csv"] == ["version", *group]
    assert headers["reliability.csv"] == [
        *("version", "confidence", "accuracy", "low", "high", "count")
    ]
    firsts = {
        name: [row[0] for row in csv.reader(io.StringIO(files[f"{name}.csv"]))][1:]
        for name in ("comparison", "comparison_by_class")
    }
    assert firsts["comparison"][:4] == ["accuracy", "macro_f1", "log_loss", "ece"]
    assert firsts["comparison_by_class"] == ["Blip", "Scattered_Light", "Whistle"]
