"""Who steers which EVSE of a site: the policy's mode, its sets of EVSEs, and a share that is tried out first. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import ceil

from api.operating.live import Command, CommandKind
from api.sites.forms import SiteMode, SitePolicy
from models.domain.site import Site

LEAST_FIRST = (SiteMode.HANDED_BACK, SiteMode.OBSERVE, SiteMode.ADVISE, SiteMode.CONTROL)


@dataclass(frozen=True, slots=True)
class Steering:
    """The mode of each EVSE."""

    site: SiteMode
    modes: Mapping[str, SiteMode]
    stations: Mapping[str, tuple[str, ...]]
    """EVSEs of each station."""

    @property
    def left_alone(self) -> frozenset[str]:
        """EVSEs that others steer: where we steer some, the others may draw what they are rated for.

        Where we steer none, plans are made as if we did: nothing is at stake, and they show what would be.
        """
        handed_back = {evse for evse, mode in self.modes.items() if mode is SiteMode.HANDED_BACK}
        if SiteMode.CONTROL not in self.modes.values():
            return frozenset(handed_back) if self.site is not SiteMode.HANDED_BACK else frozenset()
        return frozenset(evse for evse, mode in self.modes.items() if mode is not SiteMode.CONTROL)

    @property
    def told(self) -> frozenset[str]:
        """EVSEs whose plan is offered or watched, though others steer them."""
        wanted = (SiteMode.ADVISE, SiteMode.OBSERVE)
        return frozenset(evse for evse in self.left_alone if self.modes[evse] in wanted)

    @property
    def observed(self) -> frozenset[str]:
        return frozenset(evse for evse, mode in self.modes.items() if mode is SiteMode.OBSERVE)

    @property
    def steers(self) -> bool:
        """Whether anything is sent: where a site was handed back, what clears it."""
        return self.site is SiteMode.HANDED_BACK or SiteMode.CONTROL in self.modes.values()

    @property
    def only_observes(self) -> bool:
        """Nothing of the plans of this site is told to anybody."""
        return bool(self.modes) and all(mode is SiteMode.OBSERVE for mode in self.modes.values())

    def of(self, command: Command) -> SiteMode:
        """What becomes of a command; one to a whole station as of its EVSE that is steered least.

        To clear what is ours is always sent where we ever sent anything.
        """
        if self.site is SiteMode.HANDED_BACK:
            return SiteMode.CONTROL
        if command.kind is CommandKind.CLEAR:
            return SiteMode.ADVISE if self.site is SiteMode.ADVISE else SiteMode.CONTROL
        evses = (command.evse,) if command.evse in self.modes else self.stations.get(command.station, ())
        return min((self.modes[str(evse)] for evse in evses), key=LEAST_FIRST.index, default=self.site)

    def split(self, commands: Iterable[Command], mode: SiteMode) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
        """Commands of a mode, and all others."""
        known = [(command, self.of(command) is mode) for command in commands]
        return tuple(c for c, mine in known if mine), tuple(c for c, mine in known if not mine)


def steering_of(policy: SitePolicy, site: Site) -> Steering:
    """By the policy as it stands; EVSEs that no set names have the mode of the site, or of its canary."""
    stations: dict[str, tuple[str, ...]] = {}
    for evse in site.evses:
        name = evse.station or evse.id
        stations[name] = (*stations.get(name, ()), evse.id)
    modes = dict.fromkeys((evse.id for evse in site.evses), policy.mode)
    if policy.mode is SiteMode.CONTROL and policy.canary is not None:
        first = canaries(site.id, stations, policy.canary.share)
        modes = {evse: SiteMode.CONTROL if evse in first else policy.canary.rest for evse in modes}
    if policy.mode is not SiteMode.HANDED_BACK:
        modes |= {evse: one.mode for one in policy.sets for evse in one.evses if evse in modes}
    return Steering(policy.mode, modes, stations)


def canaries(site: str, stations: Mapping[str, tuple[str, ...]], share: float) -> frozenset[str]:
    """EVSEs that are steered first: whole stations in the order of a hash, until so many are found.

    A larger share has all of a smaller one, so whoever widens it takes nobody out; the order has nothing to do with
    names, places or makes of stations.
    """
    wanted = ceil(share * sum(len(evses) for evses in stations.values()))
    found: list[str] = []
    for name in sorted(stations, key=lambda one: sha256(f"{site}/{one}".encode()).digest()):
        if len(found) >= wanted:
            break
        found += stations[name]
    return frozenset(found)
