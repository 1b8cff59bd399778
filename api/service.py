"""What a request is answered with: the store, the clock, the settings and the solver's seats, in one place."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from anyio import CapacityLimiter
from fastapi import Request

from api.doctor import Check
from api.observing import Metrics
from api.remembering import Remembered
from api.security.asking import AskedTogether
from api.security.keys import ApiKey, known
from api.security.rates import Rates
from api.settings import ServiceSettings
from api.store.port import Store
from api.store.writers import Writers
from models.domain.errors import StoreError
from optimizer.settings import Settings

Clock = Callable[[], datetime]
"""Now, aware, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One running service."""

    settings: ServiceSettings
    store: Store
    clock: Clock
    rates: Rates
    solve_settings: Settings
    solves: CapacityLimiter
    """As many solves at a time as there are seats."""
    metrics: Metrics
    self_test: Check
    """What the solver's test at the start said."""
    remembered: Remembered = field(default_factory=Remembered)
    """For the time in which the store is away."""
    writers: Writers = field(init=False)
    """Who writes what many callers tell at once."""
    keys: AskedTogether[ApiKey | None] = field(init=False)
    """By what callers show: the key, None where there is none, or it works no more."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "writers", Writers(self.store))
        object.__setattr__(self, "keys", AskedTogether(self._known))

    @property
    def analysis_settings(self) -> Settings:
        """Where nothing stands in for an answer that is late."""
        return replace(self.solve_settings, time_limit_s=self.settings.deadline_s)

    def _known(self, shown: str) -> ApiKey | None:
        """The key, as the store has it; one that worked lately, while the store is away. Raises StoreError."""
        now = self.clock()
        try:
            key = known(self.store, shown, now)
        except StoreError:
            key = self.remembered.known_key(shown, now)
            if key is None:
                raise
            return key
        if key is None:
            self.remembered.drop_key(shown)
        else:
            self.remembered.keep_key(shown, key, now)
        return key


async def service_of(request: Request) -> Service:
    """The service that answers a request; ``async`` as it waits for nothing: else it would take a thread."""
    service: Service = request.app.state.service
    return service


def utc_now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)
