"""axe-core on a page, as a person on a desk or with a phone sees it."""

from axe_playwright_python.sync_playwright import Axe

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
PHONE, DESK = {"width": 360, "height": 844}, {"width": 1280, "height": 800}
# Pixels that a page is wider than the screen. A wide table scrolls inside its own box.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults(page, within: str | None = None) -> list[tuple[str, str]]:
    """What axe-core finds: the rule, and the first element that breaks it."""
    found = Axe().run(page, context=within, options=RULES).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found]


def show(page, scheme: str, size: dict[str, int]) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
