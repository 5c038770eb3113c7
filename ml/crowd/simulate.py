"""Simulated volunteers: drawn skills, for demonstrations and benchmarks, always named simulated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml.crowd.skill import Matrix


@dataclass(frozen=True)
class SimulatedVolunteer:
    """``confusion``: (C, C) P(vote | truth) over ``labels``; ``accuracy``: its mean diagonal."""

    name: str
    labels: tuple[str, ...]
    confusion: Matrix
    accuracy: float
    guesses: bool

    def answer(
        self, truth: str, offered: Sequence[str], none_of_the_above: str, rng: np.random.Generator
    ) -> str:
        """The label voted for a glitch of ``truth`` when ``offered`` is on the page.

        A glitch of no offered class gets None_of_the_Above as often as any other is right.
        """
        seen_as = truth if truth in offered and truth in self.labels else none_of_the_above
        row = self.confusion[self.labels.index(seen_as)].copy()
        on_page = np.array([label in offered for label in self.labels])
        if self.guesses:
            return str(rng.choice(np.array(self.labels)[on_page]))
        right = self.labels.index(seen_as)
        # What is not on the page moves to the other wrong answers: the accuracy stays as drawn.
        chance_right = row[right]
        row[~on_page] = 0.0
        row[right] = 0.0
        if row.sum() == 0:
            return seen_as
        row *= (1.0 - chance_right) / row.sum()
        row[right] = chance_right
        return str(rng.choice(np.array(self.labels), p=row / row.sum()))

    def says_alike(self, belongs: bool, rng: np.random.Generator) -> bool:
        """The answer to "does this look like these?", right as often as the mean accuracy."""
        if self.guesses:
            return bool(rng.random() < 0.5)
        return belongs if rng.random() < self.accuracy else not belongs


def draw_crowd(
    size: int,
    labels: Sequence[str],
    twins: Mapping[str, Sequence[str]],
    rng: np.random.Generator,
    *,
    mean_accuracy: float = 0.80,
    guessing: float = 0.15,
    twin_share: float = 0.8,
) -> list[SimulatedVolunteer]:
    """Draw volunteers whose mean accuracy over the crowd, guessers included, is as asked.

    Guessers answer at random. The others' accuracies are Beta-distributed around what makes the
    crowd's mean come out; ``twin_share`` of an error goes to the true class's twins.
    """
    guessers = round(size * guessing)
    chance = 1.0 / len(labels)
    honest = size - guessers
    target = (mean_accuracy * size - guessers * chance) / max(honest, 1)
    target = float(np.clip(target, 0.5, 0.985))
    concentration = 40.0
    drawn = rng.beta(target * concentration, (1 - target) * concentration, size=honest)
    # Shift so that the crowd's mean is the one asked for, not a lucky draw.
    drawn = np.clip(drawn + (target - drawn.mean()), 0.4, 0.995)
    accuracies = [*drawn.tolist(), *([chance] * guessers)]
    order = rng.permutation(size)
    crowd = []
    for number, index in enumerate(order, start=1):
        accuracy, guesses = accuracies[index], index >= honest
        confusion = _confusion(labels, twins, accuracy, twin_share, rng, uniform=bool(guesses))
        crowd.append(
            SimulatedVolunteer(
                name=f"simulated-{number:03d}",
                labels=tuple(labels),
                confusion=confusion,
                accuracy=0.5 if guesses else float(np.trace(confusion) / len(labels)),
                guesses=bool(guesses),
            )
        )
    return crowd


def _confusion(
    labels: Sequence[str],
    twins: Mapping[str, Sequence[str]],
    accuracy: float,
    twin_share: float,
    rng: np.random.Generator,
    *,
    uniform: bool,
) -> Matrix:
    """(C, C) with diagonal around ``accuracy`` and errors mostly between twins."""
    size = len(labels)
    matrix = np.full((size, size), 1.0 / size)
    if uniform:
        return matrix
    place = {label: index for index, label in enumerate(labels)}
    for row, label in enumerate(labels):
        right = float(np.clip(accuracy + rng.normal(0, 0.02), 0.05, 0.995))
        errors = np.full(size, 1.0)
        known_twins = [place[twin] for twin in twins.get(label, ()) if twin in place]
        errors[row] = 0.0
        errors /= errors.sum()
        if known_twins:
            errors *= 1.0 - twin_share
            errors[known_twins] += twin_share / len(known_twins)
        matrix[row] = errors * (1.0 - right) / errors.sum()
        matrix[row, row] = right
    return matrix
