"""Every word of templates and scripts can be translated."""

import re
from pathlib import Path

import pytest

PAGES = sorted(
    path
    for folder in ("pages", "review", "fragments", ".")
    for path in Path("templates", folder).glob("*.html")
)
SCRIPTS = sorted(Path("static/nota/js").glob("*.js"))
SPOKEN = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"{]*[A-Za-z]{2}[^"{]*)"')
FREE = {
    "s", "p", "UTC", "SNR", "JSON", "CSV", "top-",  # units, figures and names
    "Nota", "Shift", "Enter", "Esc", "Space", "Q", "Y", "N",
}  # fmt: skip
KEYS = {"Enter", "Escape", "Backspace", "Shift", "Arrow", "Content-Type", "Retry-After"}
TAGS = (
    r"{% block body_class %}.*?{% endblock %}",
    r"{% comment %}.*?{% endcomment %}",
    r"{% blocktranslate.*?{% endblocktranslate %}",
    r"<(style|script)\b.*?</\1>",
    r"{%.*?%}",
    r"{{.*?}}",
)


def untranslated(text: str) -> list[str]:
    """The words of a template that stand outside of every tag that translates.

    >>> untranslated('<p title="Hi all">{% translate "Yes" %} so <b>{{ it }}</b></p>')
    ['Hi all', 'so']
    """
    for tag in TAGS:
        text = re.sub(tag, " ", text, flags=re.DOTALL)
    spoken = SPOKEN.findall(text)
    words = [" ".join(part.split()) for part in re.sub(r"<[^>]*>", "\n", text).split("\n")]
    stripped = [word.strip(" –·+…,") for word in (*spoken, *words)]
    return [word for word in stripped if re.search(r"[A-Za-z]", word) and word not in FREE]


def test_what_is_found():
    text = '<p title="Hi all">{% translate "Yes" %} so <b>{{ it }}</b></p>'
    assert untranslated(text) == ["Hi all", "so"]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_no_word_outside_of_translate(path):
    assert untranslated(path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_no_sentence_of_a_script_outside_of_gettext(path):
    code = re.sub(r"//.*", "", path.read_text())
    said = re.findall(r"""(ngettext\([^)]*\)|gettext\("[^"]*"\))|"([A-Z][a-z]+\b[^"]*)\"""", code)
    assert [text for marked, text in said if text and not marked and text not in KEYS] == []


@pytest.mark.django_db
def test_the_scripts_get_their_words(client):
    answer = client.get("/words.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert b"ngettext" in answer.content
