"""Finding things by a few typed letters."""

from __future__ import annotations

_NEXT = 5.0
_WORD = 8.0
_GAP = 0.15


def fuzzy(query: str, text: str) -> float | None:
    """Tell how well a text answers a query; `None` where it does not.

    Every word of the query must be in the text, letter by letter in order; letters side by side and at the beginning
    of words count most, gaps count against it. An empty query fits everything with 0.
    """
    total = 0.0
    text = text.casefold()
    for word in query.casefold().split():
        best = max(
            (s for i, c in enumerate(text) if c == word[0] and (s := _from(word, text, i)) is not None), default=None
        )
        if best is None:
            return None
        total += best
    return total


def _from(word: str, text: str, start: int) -> float | None:
    """Match a word from a place on, each letter as early as it comes."""
    score, at = 0.0, start
    for k, letter in enumerate(word):
        place = text.find(letter, at)
        if place < 0:
            return None
        score += 1.0 - _GAP * (place - at) if k else 1.0
        score += _NEXT if k and place == at else 0.0
        if place == 0 or not text[place - 1].isalnum():
            score += _WORD if k == 0 else _NEXT
        at = place + 1
    return score
