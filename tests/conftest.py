"""What holds for all tests: a terminal has no width of its own."""

import os

# Runners on several cores tell their workers the width of their own terminal; tables would be wrapped at it.
os.environ.pop("COLUMNS", None)
