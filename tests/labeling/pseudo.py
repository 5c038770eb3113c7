"""A language in which every translated letter is another one: what stays plain was not marked."""

import html
import re

from django.utils.translation import trans_real

KEPT = re.compile(r"%\(\w+\)[a-z]|%%|<[^>]*>|&\w+;|\{\w+\}")
WIDE = {plain: plain + 0xFEE0 for plain in (*range(ord("A"), ord("Z") + 1), *range(97, 123))}
# Addresses, code and keys are for machines or the same in every language.
SILENT = re.compile(r"<(script|style|code|kbd)\b.*?</\1>", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')


def pseudo(text: str) -> str:
    """The text in full-width letters, with its placeholders and tags as they were.

    >>> pseudo("%(n)s votes of <b>all</b>")
    '%(n)s ｖｏｔｅｓ ｏｆ <b>ａｌｌ</b>'
    """
    kept = KEPT.findall(text)
    wide = [part.translate(WIDE) for part in KEPT.split(text)]
    return "".join(part + still for part, still in zip(wide, [*kept, ""], strict=True))


class PseudoLanguage(trans_real.DjangoTranslation):
    """English as far as formats go; ``asked`` collects what was to be translated."""

    def __init__(self) -> None:
        super().__init__("en")
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1) if n == 1 else pseudo(msgid2)


def plain_words(page: str, names: list[str]) -> set[str]:
    """The sentences of a page, said or shown, that hold a plain word besides the names.

    >>> page = '<p title="A hint">ｖｏｔｅｓ <b>of</b> Ada</p><code>x y</code>'
    >>> sorted(plain_words(page, ["Ada"]))
    ['A hint', 'of']
    """
    page = SILENT.sub(" ", page)
    spoken = SPOKEN.findall(page)
    shown = re.sub(r"<[^>]*>", "\n", page).split("\n")
    found = set()
    known = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    for text in (*spoken, *shown):
        said = " ".join(html.unescape(text).split())
        if re.search(r"[A-Za-z]{2}", known.sub(" ", said)):
            found.add(said)
    return found
