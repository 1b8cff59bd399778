"""From what a utility said to what each of its sites is asked, kept beside the site, where plans find it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from api.connections.forms import AnyConnection, SiteServed
from api.connections.keeping import Line
from api.connections.returning import Returning
from api.connections.state import AskedOfSite, State
from api.sites.assembling import assembled, contents
from api.sites.keeping import Desk
from api.sites.waking import wake
from api.store.records import Kind
from models.domain.asked import asked
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.signal import Cap, Signal
from models.domain.timeline import fold
from models.domain.validation import validate

BEHIND, AHEAD = timedelta(days=1), timedelta(days=8)
"""What is told of: an event that has begun with its beginning, and as far ahead as plans look."""
RENEWED = timedelta(hours=1)
MOST_CAPS = 200
"""Of one place of a site; beyond, the least of all that follow holds."""


def ask_sites(line: Line, told: AnyConnection, state: State, now: datetime) -> tuple[State, dict[str, Finding]]:
    """Tell every site what it is asked now, and have those planned for which that changed; what cannot be asked."""
    found: dict[str, Finding] = {}
    for served in sorted(told.sites, key=lambda one: one.site):
        line.unit.lock(line.tenant, served.site)
        desk = Desk(line.unit, line.tenant, served.site, line.who)
        if desk.find(Kind.SITE) is None:
            found[f"site/{served.site}"] = _no_site(served.site)
            continue
        for i, finding in enumerate(_told(desk, line.id, served, state, now)):
            found[f"site/{served.site}/{i}"] = finding
    return replace(state, asked_at=now), found


def ask_nothing(line: Line, sites: Sequence[str], now: datetime) -> None:
    """A connection that is gone, or is about other sites, asks nothing there any more."""
    for site in sorted(sites):
        line.unit.lock(line.tenant, site)
        desk = Desk(line.unit, line.tenant, site, line.who)
        if desk.find(Kind.ASKED, line.id) is not None:
            desk.remove(Kind.ASKED, id=line.id, expected=None, what="utility asks nothing any more")
            wake(desk, now)


def is_stale(line: Line, told: AnyConnection, state: State, now: datetime) -> bool:
    """Whether a site is another one than the one at which its signals were placed, or an event has begun: what was
    drawn until then is what may be drawn again after it.
    """
    for served in told.sites:
        desk = Desk(line.unit, line.tenant, served.site, line.who)
        asked, site = desk.find(Kind.ASKED, line.id), desk.find(Kind.SITE)
        if asked is None:
            continue
        begun = any(_has_begun(signal, state, now) for signal in asked.value.signals)
        if begun or (site.revision if site else 0) != asked.value.site_revision:
            return True
    return False


def _has_begun(signal: Signal, state: State, now: datetime) -> bool:
    """Since sites were told last."""
    return state.asked_at is not None and state.asked_at < signal.start <= now


def is_due(state: State, now: datetime) -> bool:
    """Whether the stretch that sites are told of has to move on."""
    return state.asked_at is None or now - state.asked_at >= RENEWED


def _told(desk: Desk, connection: str, served: SiteServed, state: State, now: datetime) -> Iterator[Finding]:
    found = desk.find(Kind.ASKED, connection)
    known = contents(desk)
    before: tuple[Signal, ...] = found.value.signals if found else ()
    scenario = assembled(replace(known, signals=tuple(s for s in known.signals if s not in before)), now)
    asked, findings = of_site(served, scenario, state, now)
    yield from findings
    signals = Returning(desk, connection, served, before, now).asked(asked, scenario)
    told = AskedOfSite(signals=signals, site_revision=desk.get(Kind.SITE).revision)
    if found is None or told != found.value:
        desk.keep(Kind.ASKED, told, id=connection)
        if _still(before, now) != _still(signals, now):
            wake(desk, now)


def of_site(
    served: SiteServed, scenario: Scenario, state: State, now: datetime
) -> tuple[tuple[Signal, ...], tuple[Finding, ...]]:
    """What a site is asked over some days, and what of it cannot be asked as it is meant."""
    timeline = fold((*state.signals, *state.without), now - BEHIND, now + AHEAD, seed=served.site)
    told = asked(timeline, scenario, served.rules)
    signals = tuple(_fewer([signal for signal in told.signals if signal.end > now]))
    sound, broken = _sound(scenario, signals)
    return sound, (*told.findings, *broken)


def _sound(scenario: Scenario, signals: Sequence[Signal]) -> tuple[tuple[Signal, ...], tuple[Finding, ...]]:
    """Without those that the site cannot be planned with: a utility's words never keep it from being planned."""
    broken = _broken(scenario, signals)
    kept = [s for s in signals if s.id not in broken]
    kept += [_of_the_whole_site(s) for s in signals if s.id in broken and isinstance(s, Cap)]
    still = _broken(scenario, kept)
    return tuple(s for s in kept if s.id not in still), tuple({**broken, **still}.values())


def _broken(scenario: Scenario, signals: Sequence[Signal]) -> dict[str, Finding]:
    """Findings by signal; those that are out of sight are looked at when they come near."""
    assert scenario.horizon is not None, "an assembled scenario has one"
    seen = [signal for signal in signals if signal.start < scenario.horizon.end]
    first = len(scenario.signals)
    findings = validate(replace(scenario, signals=(*scenario.signals, *seen)))
    at = {f"signals[{first + k}]": signal.id for k, signal in enumerate(seen)}
    places = ((finding.path.partition("]")[0] + "]", finding) for finding in findings)
    return {at[place]: finding for place, finding in places if place in at}


def _of_the_whole_site(cap: Cap) -> Cap:
    """A limit whose place is not there any more limits more, not less."""
    return replace(cap, node=None, evses=())


def _fewer(signals: Sequence[Signal]) -> Iterator[Signal]:
    """No plan can look at thousands of steps: far ahead, the least of them holds throughout."""
    caps = [signal for signal in signals if isinstance(signal, Cap)]
    yield from (signal for signal in signals if not isinstance(signal, Cap))
    for _, group in groupby(sorted(caps, key=_place), key=_place):
        near = sorted(group, key=lambda cap: cap.start)
        yield from near[:MOST_CAPS]
        if len(near) > MOST_CAPS:
            yield _least(near[MOST_CAPS:])


def _least(caps: Sequence[Cap]) -> Cap:
    lowest = min(caps, key=_limit_kw)
    last = max(caps, key=lambda cap: cap.end)
    return replace(lowest, start=caps[0].start, end=last.end, stagger_minutes=last.stagger_minutes)


def _limit_kw(cap: Cap) -> float:
    told = cap.import_limit_kw if cap.import_limit_kw is not None else cap.export_limit_kw
    return 0.0 if told is None else told


def _place(cap: Cap) -> tuple[str, tuple[str, ...], bool]:
    return cap.node or "", cap.evses, cap.import_limit_kw is not None


def _still(signals: Sequence[Signal], now: datetime) -> list[Signal]:
    """What matters of them: those that are not over, and of those without an end that they have none in sight."""
    last = now + AHEAD - 2 * RENEWED
    return [replace(signal, id="", end=min(signal.end, last)) for signal in signals if signal.end > now]


def _no_site(site: str) -> Finding:
    return Finding(
        path="sites",
        message=f"there is no site {site}",
        remedy="put the site, or take it out of the connection; until then it is asked nothing",
        ids=(site,),
    )
