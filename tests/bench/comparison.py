"""Counts what is missing, doubled, wrong or extra between what is true and what was kept. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What a comparison found.

    Attributes:
        lost: keys of the truth that nothing was kept for.
        doubled: records beyond the first for one key.
        wrong: keys whose record says something else than the truth, whichever of several says so.
        extra: kept keys the truth doesn't know.
        examples: a few of them in words, for the person who looks for the cause.
    """

    lost: int
    doubled: int
    wrong: int
    extra: int
    examples: tuple[str, ...]

    @property
    def total(self) -> int:
        """Return how many differences there are at all."""
        return self.lost + self.doubled + self.wrong + self.extra


def compare[Key, Record](
    truth: Mapping[Key, Record], kept: Iterable[tuple[Key, Record]], examples: int = 5
) -> Differences:
    """Compare every kept record with the truth of its key.

    Args:
        truth: what must be kept, once for each key.
        kept: what is kept; a key may come several times, and each time beyond the first is a doubled record.
        examples: how many differences to put into words.
    """
    seen: Counter[Key] = Counter()
    wrong: set[Key] = set()
    extra: set[Key] = set()
    sentences: list[str] = []

    def tell(sentence: str) -> None:
        if len(sentences) < examples:
            sentences.append(sentence)

    for key, record in kept:
        seen[key] += 1
        if seen[key] > 1:
            tell(f"{key} is kept {seen[key]} times")
        if key not in truth:
            extra.add(key)
            tell(f"{key} is kept but never was")
        elif record != truth[key]:
            wrong.add(key)
            tell(f"{key} should be {truth[key]} and is {record}")
    lost = [key for key in truth if key not in seen]
    for key in lost:
        tell(f"{key} is lost")
    return Differences(
        lost=len(lost),
        doubled=sum(count - 1 for count in seen.values()),
        wrong=len(wrong),
        extra=len(extra),
        examples=tuple(sentences),
    )


def amount_differences[Key](truth: Mapping[Key, int], kept: Mapping[Key, int]) -> int:
    """Return the sum of the absolute differences, key by key; an absent key counts as zero.

    Differences of one key never cancel those of another.
    """
    return sum(abs(truth.get(key, 0) - kept.get(key, 0)) for key in truth.keys() | kept.keys())
