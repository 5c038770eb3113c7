"""Numbers as the points of small SVG pictures; the templates draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labeling.templatetags.nota import gps_week

WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 10, 22
SECONDS_PER_WEEK = 7 * 24 * 3600
WEEKS_MOST = 52


@dataclass(frozen=True)
class Line:
    """One line: its name, its CSS class, and its points as SVG wants them."""

    name: str
    kind: str
    points: str
    last: float


@dataclass(frozen=True)
class Chart:
    """Lines over epochs, with the values at the ends of both axes."""

    title: str
    lines: list[Line]
    low: float
    high: float
    first: int
    last: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram in percent of the highest."""

    name: str
    count: int
    x: float
    y: float
    width: float
    height: float


def learning_curves(epochs: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Loss and accuracy by epoch; none with fewer than two epochs.

    Epochs hold null where nothing was measured (no validation glitches): they leave a gap.
    """
    loss = (
        (_("training"), "train", "train_loss"),
        (_("validation"), "validation", "val_loss"),
    )
    accuracy = ((_("validation"), "validation", "val_accuracy"),)
    charts = [
        _chart(_("Loss"), epochs, loss, low=0.0, high=None),
        _chart(_("Accuracy"), epochs, accuracy, low=0.0, high=1.0),
    ]
    return [chart for chart in charts if chart is not None]


def _chart(
    title: str,
    epochs: Sequence[Mapping[str, Any]],
    wanted: Sequence[tuple[str, str, str]],
    *,
    low: float,
    high: float | None,
) -> Chart | None:
    series = {
        (name, kind): [(e["epoch"], e[key]) for e in epochs if e.get(key) is not None]
        for name, kind, key in wanted
    }
    drawn = {which: points for which, points in series.items() if len(points) > 1}
    if not drawn:
        return None
    xs = [x for points in drawn.values() for x, _y in points]
    top = high if high is not None else max(y for points in drawn.values() for _, y in points)
    place = _Place(min(xs), max(xs), low, top or 1.0)
    lines = [
        Line(name, kind, " ".join(place.of(x, y) for x, y in points), points[-1][1])
        for (name, kind), points in drawn.items()
    ]
    return Chart(title, lines, low, top, min(xs), max(xs))


@dataclass(frozen=True)
class _Place:
    """From values to pixels inside the axes."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float

    def of(self, x: float, y: float) -> str:
        across = (x - self.x_min) / ((self.x_max - self.x_min) or 1)
        up = (y - self.y_min) / ((self.y_max - self.y_min) or 1)
        px = LEFT + across * (WIDTH - LEFT - RIGHT)
        py = HEIGHT - BOTTOM - min(max(up, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)
        return f"{px:.1f},{py:.1f}"


def bars(counts: Mapping[str, int]) -> list[Bar]:
    """Bars side by side in a box of 100 x 100, the highest of full height.

    >>> [(b.name, b.height, b.y) for b in bars({"H1": 2, "L1": 4})]
    [('H1', 50.0, 50.0), ('L1', 100.0, 0.0)]
    """
    most = max(counts.values(), default=0)
    if not most:
        return []
    step = 100 / len(counts)
    return [
        Bar(
            name,
            count,
            round(index * step, 2),
            round(100 - 100 * count / most, 2),
            round(0.84 * step, 2),
            round(100 * count / most, 2),
        )
        for index, (name, count) in enumerate(counts.items())
    ]


def weekly_bars(counts_by_week: Mapping[str, int]) -> list[Bar]:
    """One bar a week (GPS second of its begin -> glitches), weeks without any among them.

    Over more than a year the empty weeks are left out: the bars would be too thin to see.
    """
    weeks = {int(float(week)): count for week, count in counts_by_week.items()}
    if not weeks:
        return []
    span = range(min(weeks), max(weeks) + 1, SECONDS_PER_WEEK)
    shown = span if len(span) <= WEEKS_MOST else sorted(weeks)
    return bars(
        {_("week of %(date)s") % {"date": gps_week(week)}: weeks.get(week, 0) for week in shown}
    )
