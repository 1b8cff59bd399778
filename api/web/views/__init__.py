"""From what is kept of a site to what its pages show. Pure but for the reading in ``seen``."""
