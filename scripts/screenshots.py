"""Pictures of the main pages for the README, from a running site.

``make screenshots`` beside a running ``make demo`` writes PNG files to ``docs/screenshots``;
another site is named by ``--url``, ``--password`` and the two accounts. It looks and chooses a
class, but casts no vote and decides nothing.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from scripts.chromium import find

DESK, PHONE = (1440, 900), (390, 844)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
WAIT_MS = 15_000
IMAGES_SEEN_ARE_THERE = """() => [...document.images].every((image) => {
  const { top, bottom, width } = image.getBoundingClientRect();
  const isSeen = width > 0 && top < innerHeight && bottom > 0 && image.src;
  return !isSeen || (image.complete && image.naturalWidth > 0);
})"""


@dataclass(frozen=True)
class Shot:
    """One picture: its file, the page, who looks, and what to do before it is taken."""

    name: str
    path: str
    who: str | None = None
    prepare: Callable[[Page], None] | None = None
    size: tuple[int, int] = DESK
    scheme: Literal["dark", "light"] = "dark"


def _choose_a_class(page: Page) -> None:
    """Wait for a glitch and choose the first class on offer, so that its panel is seen."""
    page.wait_for_selector("#pictures:not(.waiting), #nothing:not([hidden])")
    choices = page.locator("button.class:enabled:visible")
    if choices.count():
        choices.first.click()
    page.wait_for_load_state("networkidle")


def _open_first_proposal(page: Page) -> None:
    _follow(page, "article.proposal h2 a")


def _open_first_version(page: Page) -> None:
    _follow(page, "th a:has-text('classifier')")


def _open_first_training(page: Page) -> None:
    _follow(page, "tbody th a")


def _follow(page: Page, selector: str) -> None:
    """Open what the first such link leads to, where there is one."""
    link = page.locator(selector).first
    if link.count():
        link.click()
        page.wait_for_load_state("load")


SHOTS = (
    Shot("home", "/"),
    Shot("label", "/label/", "volunteer", _choose_a_class),
    Shot("label-phone", "/label/", "volunteer", _choose_a_class, PHONE),
    Shot("label-light", "/label/", "volunteer", _choose_a_class, DESK, "light"),
    Shot("progress", "/progress/", "volunteer"),
    Shot("field-guide", "/classes/"),
    Shot("proposals", "/review/proposals/", "reviewer"),
    Shot("proposal", "/review/proposals/", "reviewer", _open_first_proposal),
    Shot("models", "/review/models/", "reviewer"),
    Shot("model", "/review/models/", "reviewer", _open_first_version),
    Shot("training", "/review/training/", "reviewer", _open_first_training),
    Shot("system", "/review/system/", "reviewer"),
)


@contextmanager
def _page(browser: Browser, url: str, shot: Shot, password: str) -> Iterator[Page]:
    width, height = shot.size
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme=shot.scheme
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    try:
        if shot.who:
            page.goto("/log-in/")
            page.fill("[name=username]", shot.who)
            page.fill("[name=password]", password)
            page.click("main button")
            page.wait_for_url("**/label/")
        yield page
    finally:
        context.close()


def take(browser: Browser, url: str, shot: Shot, password: str, folder: Path) -> Path:
    """Open the page as that person and write its picture."""
    with _page(browser, url, shot, password) as page:
        page.goto(shot.path)
        # The system page asks its figures again and again: it is never idle for long.
        page.wait_for_load_state("load")
        if shot.prepare:
            shot.prepare(page)
        page.wait_for_function(IMAGES_SEEN_ARE_THERE)
        page.wait_for_timeout(400)
        path = folder / f"{shot.name}.png"
        page.screenshot(path=path)
        return path


def _demo_password() -> str:
    """What the demo drew for its accounts; empty where no demo has run here."""
    path = Path(os.environ.get("NOTA_VAR", "var")) / "demo" / "password"
    return path.read_text().strip() if path.is_file() else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("SITE_URL", "http://localhost:8000"))
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--password", default="", help="without it, that of the demo's accounts")
    parser.add_argument("--volunteer", default="volunteer")
    parser.add_argument("--reviewer", default="reviewer")
    parser.add_argument("--only", nargs="*", help="names of pictures to take")
    given = parser.parse_args(arguments)
    password = given.password or _demo_password()
    if not password:
        parser.error("no demo has run here: give the accounts' password with --password")
    names = {"volunteer": given.volunteer, "reviewer": given.reviewer}
    wanted = [shot for shot in SHOTS if not given.only or shot.name in given.only]
    given.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        for shot in wanted:
            who = names.get(shot.who) if shot.who else None
            as_named = replace(shot, who=who)
            try:
                path = take(browser, given.url.rstrip("/"), as_named, password, given.out)
            except PlaywrightError as error:
                sys.stderr.write(f"{shot.name}: {error.message.splitlines()[0]}\n")
                return 1
            sys.stdout.write(f"{path}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
