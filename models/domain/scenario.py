"""Everything that one solve needs."""

from models.domain.before import MissedBefore, PlannedBefore
from models.domain.failsafe import Share
from models.domain.findings import Assumption
from models.domain.futures import Future
from models.domain.horizon import Horizon
from models.domain.installed import Installed
from models.domain.session import Session, Visit
from models.domain.signal import Signal
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.value import value


@value
class Scenario:
    """A site, who is there, what energy costs, what a utility asks, and how far to look ahead."""

    site: Site
    sessions: tuple[Session, ...] = ()
    visits: tuple[Visit, ...] = ()
    tariff: Tariff | None = None
    """None: energy is priced at 0 and only time and limits shape the plan; told back as an assumption."""
    signals: tuple[Signal, ...] = ()
    installed: tuple[Installed, ...] = ()
    """What EVSEs were sent before; one that is not named here follows nothing but the new plan."""
    acknowledge_minutes: float | None = None
    """So long after the start of the plan an EVSE may still follow what is installed. None: the first period. [min]"""
    shares: tuple[Share, ...] = ()
    """Fail-safe shares of all EVSEs, which limits keep room for. Empty: worked out where the site has a fail-safe."""
    horizon: Horizon | None = None
    """None: from the first arrival to the last departure, at most seven days."""
    previous: tuple[PlannedBefore, ...] = ()
    """The plan before: of plans that are equally good, the one that changes least of it is taken."""
    ledger: tuple[MissedBefore, ...] = ()
    """Who missed how much before: where energy is short again, they miss less. The plan tells what it would add."""
    futures: tuple[Future, ...] = ()
    """Courses that the day may take: the first periods are planned so that they are good in all of them."""
    common_minutes: float | None = None
    """How long all futures share one plan. None: until the first of them brings a car, one period at least. [min]"""
    name: str = ""
    description: str = ""
    assumptions: tuple[Assumption, ...] = ()
    """What whoever wrote this scenario had to assume already; told back with the plan."""
