"""Views of a linear program for solvers."""
