"""Lists in sentences."""

from collections.abc import Sequence


def joined_words(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
