"""How many glitches of each class a simulated set holds."""

from ml.errors import MLError

# Classes that no published training set knows, each with its physics; they stand for new ones.
PLANTED = ("Fast_Scattering", "589HZLINE", "70HZLINE", "PIZZICATO", "Reverse_Chirp")

# Gravity Spy's training set: Bahaadini et al., Information Sciences 444 (2018) 172, table 1.
TRAINING_SET: dict[str, int] = {
    "1400Ripples": 232,
    "1080Lines": 328,
    "Air_Compressor": 58,
    "Blip": 1869,
    "Chirp": 66,
    "Extremely_Loud": 454,
    "Helix": 279,
    "Koi_Fish": 830,
    "Light_Modulation": 573,
    "Low_Frequency_Burst": 657,
    "Low_Frequency_Lines": 453,
    "No_Glitch": 181,
    "None_of_the_Above": 88,
    "Paired_Doves": 27,
    "Power_Line": 453,
    "Repeating_Blips": 285,
    "Scattered_Light": 459,
    "Scratchy": 354,
    "Tomte": 116,
    "Violin_Mode": 472,
    "Wandering_Line": 44,
    "Whistle": 305,
}
DEMO: dict[str, int] = {
    "Blip": 55,
    "Koi_Fish": 50,
    "Low_Frequency_Burst": 45,
    "No_Glitch": 50,
    "Power_Line": 45,
    "Repeating_Blips": 45,
    "Scattered_Light": 50,
    "Tomte": 45,
    "Violin_Mode": 45,
    "Whistle": 50,
    "Fast_Scattering": 60,
    "Reverse_Chirp": 60,
}


class BadTotal(MLError):
    """A set too small to hold every class."""

    code = "bad_count"


def balanced(each: int) -> dict[str, int]:
    """The 22 classes and the five planted ones, ``each`` of every one."""
    return dict.fromkeys((*TRAINING_SET, *PLANTED), each)


def imbalanced(total: int) -> dict[str, int]:
    """``total`` glitches of the 22 classes, in the training set's proportions (69 to 1).

    A planted class has as many as the class in the middle; these come on top. By largest
    remainders, so that the counts sum up; one at least of each, taken
    from the largest.
    Raises :class:`BadTotal` below one a class.

    >>> counts = imbalanced(8583)
    >>> counts["Blip"], counts["Paired_Doves"], counts["PIZZICATO"]
    (1869, 27, 328)
    """
    if total < len(TRAINING_SET):
        raise BadTotal(f"{total} glitches cannot hold {len(TRAINING_SET)} classes; ask for more.")
    exact = {
        label: total * size / sum(TRAINING_SET.values()) for label, size in TRAINING_SET.items()
    }
    counts = {label: max(int(share), 1) for label, share in exact.items()}
    by_remainder = sorted(exact, key=lambda label: int(exact[label]) - exact[label])
    for label in by_remainder[: max(total - sum(counts.values()), 0)]:
        counts[label] += 1
    while sum(counts.values()) > total:
        counts[max(counts, key=counts.__getitem__)] -= 1
    middle = sorted(counts.values())[len(counts) // 2]
    return counts | dict.fromkeys(PLANTED, middle)
