"""Events that were really called, at a site of which a month is known: what it would have moved, lost and earned."""
