"""Colours: chosen by the browser, kept in cookies, and true to the energy that they show."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from ml.viridis import VIRIDIS

pytestmark = pytest.mark.django_db


def test_without_a_choice_the_system_decides(client):
    page = client.get("/").content.decode()
    assert 'data-theme="auto" data-palette="viridis"' in page
    assert "<filter" not in page  # what is not needed is not sent


def test_a_choice_is_kept_and_leads_back(client):
    answer = client.post("/display/", {"theme": "light", "next": "/classes/"})
    assert answer["Location"] == "/classes/"
    client.post("/display/", {"palette": "grey", "next": "/"})
    page = client.get("/").content.decode()
    assert 'data-theme="light" data-palette="grey"' in page
    assert '<filter id="grey"' in page


def test_nonsense_changes_nothing_and_leads_nowhere_else(client):
    answer = client.post("/display/", {"theme": "x", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
    assert not answer.cookies
    client.cookies["nota_palette"] = '"><script>'
    assert 'data-palette="viridis"' in client.get("/").content.decode()


@pytest.mark.parametrize("palette", ["cividis", "grey"])
def test_the_filter_turns_viridis_into_the_palette(palette):
    """What an SVG renderer does: luma by the matrix, then a table per channel, linear between."""
    wanted = {
        "cividis": np.array(matplotlib.colormaps["cividis"].colors),
        "grey": np.repeat(np.linspace(0, 1, 256)[:, None], 3, axis=1),
    }[palette]
    text = Path("templates/fragments/palettes.html").read_text()
    filter_text = text.split(f'id="{palette}"')[1].split("</filter>")[0]
    matrix = np.array(re.search(r'Matrix values="([^"]+)"', filter_text)[1].split(), float)
    tables = [np.array(t.split(), float) for t in re.findall(r'tableValues="([^"]+)"', filter_text)]
    mixed = VIRIDIS / 255 @ matrix.reshape(4, 5)[:3, :3].T  # (256, 3)
    made = np.stack(
        [
            np.interp(mixed[:, c], np.linspace(0, 1, len(table)), table)
            for c, table in enumerate(tables)
        ],
        axis=1,
    )
    assert np.abs(made - wanted).max() < 0.035
    assert [table[0] for table in tables] == [0, 0, 0]  # black stays black, white white
    assert [table[-1] for table in tables] == [1, 1, 1]
