"""Gravity Spy's classes and volunteer levels, as tables.

Classes, traits and twins after Zevin et al. (2017) and the project's field guide; levels after
Zevin et al. (2017), table 2. The confidences from which a level is fed are our own: Gravity Spy's
(.998 and up) suit its own network and would leave the first levels empty with a calibrated one.
"""

from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

NONE_OF_THE_ABOVE = "None_of_the_Above"


@dataclass(frozen=True)
class Traits:
    name_shown: str
    duration: str = ""
    frequency: str = ""
    evolves: str = ""
    twins: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Level:
    """``min_confidence``: the classes new at this level, and from where they feed it."""

    number: int
    name: str
    min_confidence: dict[str, float | None] = field(default_factory=dict)
    offers_all: bool = False
    default_confidence: float | None = None


# fmt: off
CLASSES: dict[str, Traits] = {
    "1080Lines": Traits(
        "1080 Line", "long", "high", "no", ("1400Ripples", "Violin_Mode", "Wandering_Line"),
        _("A dotted line near 1080 Hz that runs across the whole picture."),
    ),
    "1400Ripples": Traits(
        "1400 Ripple", "short", "high", "no", ("1080Lines", "Violin_Mode"),
        _("A short flat ripple, or a few, near 1400 Hz."),
    ),
    "Air_Compressor": Traits(
        "Air Compressor (50 Hz)", "short", "low", "no", ("Power_Line", "Koi_Fish"),
        _("A short thick bar at 50 Hz, just below where a power line would be."),
    ),
    "Blip": Traits(
        "Blip", "short", "mid", "yes/no",
        ("HIGHFREQUENCYBURST", "Blip_Low_Frequency", "Repeating_Blips", "Tomte",
         "Light_Modulation"),
        _("One narrow tear drop, some hundredths of a second short, symmetrical in time."),
    ),
    "Chirp": Traits(
        "Chirp", "short/long", "mid/low", "yes", ("Blip", "Whistle", "Paired_Doves"),
        _("A curve that rises slowly, then steeply, and ends: the shape of two merging bodies."),
    ),
    "Extremely_Loud": Traits(
        "Extremely Loud", "long", "high/mid/low", "yes", ("Koi_Fish",),
        _("A saturated mountain that fills most of the picture, at every duration."),
    ),
    "Helix": Traits(
        "Helix", "short", "mid", "yes", (),
        _("Strands that wind about each other like a helix at middle frequencies."),
    ),
    "Koi_Fish": Traits(
        "Koi Fish", "short", "mid/low", "yes", ("Blip", "Tomte", "Extremely_Loud"),
        _("A loud burst with a head and fins at low frequencies and a tail up high."),
    ),
    "Light_Modulation": Traits(
        "Light Modulation", "long", "mid/low", "yes", ("Blip", "Low_Frequency_Burst"),
        _("Several broad spikes over some seconds, with noise at low frequencies between them."),
    ),
    "Low_Frequency_Burst": Traits(
        "Low Frequency Burst", "short/long", "low", "yes/no",
        ("Fast_Scattering", "Light_Modulation", "Low_Frequency_Lines", "Scattered_Light"),
        _("A hump that sits on the lower edge, below about 30 Hz."),
    ),
    "Low_Frequency_Lines": Traits(
        "Low Frequency Line", "long", "low", "no", ("Low_Frequency_Burst", "Scattered_Light"),
        _("A flat line near the lower edge that lasts for seconds."),
    ),
    "No_Glitch": Traits(
        "No Glitch", description=_("Nothing but the faint texture of noise, at every duration."),
    ),
    "Paired_Doves": Traits(
        "Paired Doves", "short", "mid/low", "yes", ("Chirp", "Repeating_Blips"),
        _("Small chirps that come in pairs, one rising and one falling, again and again."),
    ),
    "Power_Line": Traits(
        "Power Line (60 Hz)", "short", "low", "no", ("70HZLINE", "Air_Compressor"),
        _("A flat bar at 60 Hz of some tenths of a second, at times with harmonics above."),
    ),
    "Repeating_Blips": Traits(
        "Repeating Blips", "short", "mid", "no", ("Scratchy", "Paired_Doves"),
        _("Two or more blips at even distances, often a quarter or half of a second."),
    ),
    "Scattered_Light": Traits(
        "Scattered Light", "long", "mid/low", "yes",
        ("Fast_Scattering", "Low_Frequency_Burst", "Low_Frequency_Lines"),
        _("Long flat arches, often stacked, that last one second and more."),
    ),
    "Scratchy": Traits(
        "Scratchy", "long", "high/mid", "yes/no",
        ("Fast_Scattering", "Repeating_Blips", "Wandering_Line"),
        _("Many fine strokes close together, like a scratched surface."),
    ),
    "Tomte": Traits(
        "Tomte", "short", "mid/low", "yes", ("Blip", "Blip_Low_Frequency", "Koi_Fish"),
        _("A wide-footed triangle with a pointed hat, lower and fatter than a blip."),
    ),
    "Violin_Mode": Traits(
        "Violin Mode Harmonic", "short", "high", "no",
        ("Whistle", "1080Lines", "1400Ripples", "PIZZICATO"),
        _("Short dots near 500 Hz and its multiples, where the mirrors' wires ring."),
    ),
    "Wandering_Line": Traits(
        "Wandering Line", "long", "high", "yes", ("1080Lines", "Scratchy", "Whistle"),
        _("A thin line at high frequencies that strays up and down."),
    ),
    "Whistle": Traits(
        "Whistle", "short/long", "high", "yes",
        ("HIGHFREQUENCYBURST", "Wandering_Line", "Violin_Mode"),
        _("A thin V, U or W at high frequencies, as if a tone was tuned down and up again."),
    ),
    NONE_OF_THE_ABOVE: Traits(
        "None of the Above", "short/long", "high/mid/low", "yes/no", (),
        _("A glitch that none of the classes on this page describes. New classes begin here."),
    ),
}

LATER_CLASSES: dict[str, Traits] = {
    "Fast_Scattering": Traits(
        "Crown", "short/long", "mid/low", "yes",
        ("Low_Frequency_Burst", "Scattered_Light", "Scratchy"),
        _("A row of short arches between 20 and 60 Hz, like the points of a crown."),
    ),
    "Blip_Low_Frequency": Traits(
        "Low Frequency Blip", "short", "mid/low", "yes/no",
        ("Blip", "Low_Frequency_Burst", "Tomte"),
        _("A blip that stays below about 60 Hz."),
    ),
    "70HZLINE": Traits(
        "70 Hz Line", "short", "mid", "no", ("Power_Line",), _("A short flat bar at 70 Hz.")
    ),
    "HIGHFREQUENCYBURST": Traits(
        "High Frequency Burst", "short", "high", "no", ("Blip", "Whistle"),
        _("A short burst near the upper edge."),
    ),
    "PIZZICATO": Traits(
        "Pizzicato", "short", "high/mid", "no", ("Violin_Mode",),
        _("A short saucer at 500 or 1000 Hz, like a plucked string."),
    ),
}
# fmt: on

LEVELS = (
    Level(1, _("First steps"), {"Blip": 0.9, "Whistle": 0.9}),
    Level(2, _("Lines and fish"), {"Koi_Fish": 0.9, "Power_Line": 0.9, "Violin_Mode": 0.9}),
    Level(
        3,
        _("Bursts and arches"),
        {"Chirp": 0.85, "Low_Frequency_Burst": 0.85, "No_Glitch": 0.85, "Scattered_Light": 0.85},
    ),
    Level(
        4,
        _("Ripples and scratches"),
        {
            "1400Ripples": 0.7,
            "Extremely_Loud": 0.7,
            "Low_Frequency_Lines": 0.7,
            "Repeating_Blips": 0.7,
            "Scratchy": 0.7,
        },
    ),
    Level(5, _("Every class"), offers_all=True, default_confidence=0.5),
    Level(6, _("Into the unknown"), offers_all=True),
)


def traits_of(label: str) -> Traits:
    """The traits of a known class; a bare name for one that these tables do not hold."""
    known = CLASSES.get(label) or LATER_CLASSES.get(label)
    return known or Traits(label.replace("_", " "))
