"""What a utility asks of a site. Here: hard caps; other kinds of events are added as the model grows."""

from datetime import datetime

from models.domain.value import value


@value
class Cap:
    """A limit on import over a window, for the site or for one node; equation (13), never a price.

    It can lower what a node may import, never raise it.
    """

    id: str
    start: datetime
    end: datetime
    import_limit_kw: float
    """Measured at grid. [kW]"""
    node: str | None = None
    """None: the site connection."""
    source: str = ""
    """Who sent it."""
