"""What the templates need beyond Django's own: pictures, times and shades."""

from datetime import UTC, datetime, timedelta
from math import log2
from typing import Any

from django import template
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from labeling.models import Picture
from labeling.selectors.pictures import picture_url
from labeling.words import stage, word

register = template.Library()
register.filter(word)
register.filter(stage)

GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
LEAP_SECONDS = 18  # since 2017, so for all of O2's later months, O3 and O4
SHADES = 10


@register.filter
def gps_date(seconds: float | str | None) -> str:
    """GPS seconds as a UTC date; whatever is none is unknown, since no page may fail for a date.

    >>> gps_date(1238166018)
    '1 Apr 2019'
    """
    if seconds is None:
        return _("unknown")
    try:
        moment = GPS_EPOCH + timedelta(seconds=float(seconds) - LEAP_SECONDS)
    except (ValueError, OverflowError):  # no number, NaN, beyond the calendar
        return _("unknown")
    return format_date(moment, "j M Y")


@register.filter
def gps_week(begin: float | str) -> str:
    """The Sunday on which a week of GPS time begins, which in UTC is 18 s short of it.

    >>> gps_week(1238025600), gps_date(1238025600), gps_week("unknown")
    ('31 Mar 2019', '30 Mar 2019', 'unknown')
    """
    try:
        return gps_date(float(begin) + LEAP_SECONDS)
    except ValueError:
        return _("unknown")


@register.filter
def percent(share: float | None, digits: int = 0) -> str:
    """
    >>> percent(0.876), percent(0.876, 1), percent(None)
    ('88 %', '87.6 %', '–')
    """
    return "–" if share is None else f"{100 * share:.{digits}f} %"


@register.filter
def figure(value: Any) -> str:
    """A value of some JSON as a table shows it.

    >>> figure(0.61803), figure(["Blip", "Tomte"]), figure("pca")
    ('0.618', 'Blip, Tomte', 'pca')
    """
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return ", ".join(figure(one) for one in value)
    return name_of(str(value))


@register.filter
def shade(share: float | None) -> int:
    """A share as one of eleven shades of the style sheet (inline styles are not allowed).

    >>> shade(0.0), shade(0.02), shade(0.51), shade(1.0)
    (0, 1, 5, 10)
    """
    if not share:
        return 0
    return max(1, min(SHADES, round(SHADES * share)))


@register.filter
def name_of(label: str | None) -> str:
    """A label as people read it.

    >>> name_of("Fast_Scattering")
    'Fast Scattering'
    """
    return (label or "").replace("_", " ")


@register.filter
def nearest(pictures: list[dict[str, Any]], duration: float) -> dict[str, Any] | None:
    """The picture of this duration, else the one nearest to it in octaves.

    >>> nearest([{"duration": 0.5}, {"duration": 4.0}], 2.0)
    {'duration': 4.0}
    """
    if not pictures:
        return None
    return min(pictures, key=lambda p: abs(log2(p["duration"] / float(duration))))


@register.simple_tag
def thumb(pictures: list[dict[str, Any]], duration: float, alt: str = "") -> SafeString:
    """A small picture of a glitch at about this duration, without its axes."""
    picture = nearest(pictures, duration)
    if picture is None:
        return format_html('<span class="thumb none">{}</span>', _("no picture"))
    return format_html(
        '<img class="thumb" src="{}" width="160" height="134" loading="lazy" alt="{}">',
        thumb_url(picture),
        alt or _("Spectrogram, %(seconds)s seconds") % {"seconds": f"{picture['duration']:g}"},
    )


@register.filter
def thumb_url(picture: dict[str, Any]) -> str:
    return str(picture["url"]).replace("/pictures/", "/thumbnails/", 1)


@register.filter
def get(mapping: dict[str, Any] | None, key: str) -> Any:
    """A value of a dict that may be missing."""
    return (mapping or {}).get(key, "")


@register.filter
def hundred(share: float) -> float:
    """A share as a place in a box of 100.

    >>> hundred(0.25)
    25.0
    """
    return round(100 * share, 2)


@register.filter
def minus(value: float, other: float) -> float:
    return value - other


@register.simple_tag
def picture_address(picture: Picture) -> str:
    return picture_url(picture.sha256, picture.extension)
