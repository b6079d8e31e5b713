"""How much a clue moves the odds of a cause, in nats: the logarithm of how much oftener it is seen with the cause.

Five grades, not measured decimals: from some 150 published reports and the lab's recordings one can tell a factor of 3
from a factor of 20, but not 5 from 6. Minus a grade is the same factor against.
"""

from __future__ import annotations

HINT = 0.5
"""Seen one and a half times as often with the cause as without."""

SOME = 1.0
"""Seen three times as often."""

CLEAR = 2.0
"""Seen seven times as often."""

STRONG = 3.0
"""Seen twenty times as often."""

DECISIVE = 5.0
"""Seen 150 times as often: by its mechanism the clue hardly occurs without the cause (or, negated, with it)."""

RARE = 0.0005
"""The rate of a cause among cases with a symptom that its rule does not name."""
