"""A timeline as what a scenario is solved with: caps, events, setpoints and prices at the places of one site.

Limits become caps and are never priced. What the operator has given no meaning is told and asks nothing; what could
only raise a limit does nothing, because caps combine with ratings by the minimum.
"""

from collections.abc import Iterator
from dataclasses import replace

from models.domain.asked_prices import carbon_events, finding, price_events, signal_id
from models.domain.findings import Finding
from models.domain.limit_curve import LimitStep, limit_curve
from models.domain.meanings import GroupPlace, Meaning, SignalRules, evses_kw
from models.domain.scenario import Scenario
from models.domain.signal import Cap, Direction, Dispatch, Event, PriceEvent, Signal
from models.domain.timeline import Held, Lane, Timeline
from models.domain.utility_signal import Flow, Scope, SignalKind, SignalMode, Target, UtilitySignal
from models.domain.value import value


@value
class Asking:
    """Signals in one document with the site that they ask."""

    signals: tuple[UtilitySignal, ...]
    scenario: Scenario | None = None
    """None: only what holds is asked for."""
    rules: SignalRules = SignalRules()


@value
class Asked:
    """What the signals of one site ask, and what of them could not be asked."""

    signals: tuple[Signal, ...] = ()
    findings: tuple[Finding, ...] = ()
    """For the operator, who can give a meaning to what has none."""

    def within(self, scenario: Scenario) -> Scenario:
        """The scenario, asked this as well."""
        return replace(scenario, signals=(*scenario.signals, *self.signals))


@value
class _Place:
    node: str | None = None
    evses: tuple[str, ...] = ()


def asked(timeline: Timeline, scenario: Scenario, rules: SignalRules) -> Asked:
    """What a site is asked; ``rules`` say which names are its own and what levels, alerts and setpoints mean."""
    told = (*_caps(timeline, rules), *_rest(timeline, scenario, rules))
    signals = [one for one in told if not isinstance(one, Finding)]
    findings = dict.fromkeys(one for one in told if isinstance(one, Finding))
    return Asked(signals=tuple(_numbered(signals)), findings=tuple(findings))


def _numbered(signals: list[Signal]) -> Iterator[Signal]:
    """Ids of stretches are those of their signals, with a number where one has several."""
    seen: dict[str, int] = {}
    for signal in signals:
        seen[signal.id] = count = seen.get(signal.id, 0) + 1
        yield signal if count == 1 else replace(signal, id=f"{signal.id}#{count}")


def _caps(timeline: Timeline, rules: SignalRules) -> Iterator[Signal | Finding]:
    for place, targets in _places(timeline, rules):
        for step in limit_curve(timeline, Flow.IMPORT, targets):
            cap = _cap(step, Flow.IMPORT, place, import_limit_kw=step.limit_kw)
            yield cap if step.is_default else _staggered(cap, rules)
        for step in limit_curve(timeline, Flow.EXPORT, targets):
            if place.evses:
                yield _no_export(step)
            else:
                yield _cap(step, Flow.EXPORT, place, export_limit_kw=step.limit_kw)


def _staggered(signal: Signal, rules: SignalRules) -> Signal:
    """With how its load comes back."""
    if isinstance(signal, PriceEvent):
        return signal
    turns_up = isinstance(signal, Event) and signal.direction is Direction.TURN_UP
    return replace(signal, stagger_minutes=0.0 if turns_up else rules.return_minutes)


def _cap(
    step: LimitStep,
    flow: Flow,
    place: _Place,
    *,
    import_limit_kw: float | None = None,
    export_limit_kw: float | None = None,
) -> Cap:
    return Cap(
        id=f"{' + '.join(step.signals)} {flow}",
        start=step.start,
        end=step.end,
        import_limit_kw=import_limit_kw,
        export_limit_kw=export_limit_kw,
        node=place.node,
        evses=place.evses,
        source=step.source,
    )


def _places(timeline: Timeline, rules: SignalRules) -> Iterator[tuple[_Place, list[Target]]]:
    """The site with all of its names, then its groups."""
    targets = list(dict.fromkeys(lane.target for lane, _ in timeline.lanes))
    yield _Place(), [target for target in targets if rules.is_site(target)]
    for group in rules.groups:
        yield _place_of(group), [target for target in targets if group.name == target.name]


def _place_of(group: GroupPlace) -> _Place:
    return _Place(node=group.node, evses=group.evses)


def _rest(timeline: Timeline, scenario: Scenario, rules: SignalRules) -> Iterator[Signal | Finding]:
    """All but the limits, and whom nothing here is about."""
    priced = [(lane, held) for lane, held in timeline.of(SignalKind.PRICE) if _place(lane.target, rules)]
    yield from price_events(priced, scenario.tariff.currency if scenario.tariff else None)
    for lane, held in timeline.lanes:
        place = _place(lane.target, rules)
        if place is None:
            if not rules.shares_its_portfolio:
                yield _for_whom(lane)
            continue
        if lane.target.scope is Scope.PORTFOLIO and lane.kind is SignalKind.LIMIT and rules.shares_its_portfolio:
            yield _whole_portfolio(lane)
        for one in _of_lane(lane, held, place, scenario, rules):
            yield one if isinstance(one, Finding) else _staggered(one, rules)


def _place(target: Target, rules: SignalRules) -> _Place | None:
    if rules.is_site(target):
        return _Place()
    return next((_place_of(group) for group in rules.groups if group.name == target.name), None)


def _of_lane(
    lane: Lane, held: tuple[Held, ...], place: _Place, scenario: Scenario, rules: SignalRules
) -> Iterator[Signal | Finding]:
    if lane.kind is SignalKind.CARBON:
        yield from carbon_events(lane, held, rules.carbon_price_per_kg)
    elif lane.kind is SignalKind.DISPATCH:
        yield from _dispatch(lane, held, place, rules)
    elif lane.kind in (SignalKind.LEVEL, SignalKind.ALERT):
        yield from _meant(lane, held, scenario, rules)


def _dispatch(lane: Lane, held: tuple[Held, ...], place: _Place, rules: SignalRules) -> Iterator[Signal | Finding]:
    for each in held:
        power_kw = (each.value or 0.0) * (1.0 if lane.flow is Flow.IMPORT else -1.0)
        if lane.mode is SignalMode.ADD:
            yield _change(lane, each, power_kw, place, rules)
        elif rules.deviation_price_per_kwh is None:
            yield _as_cap(lane, each, power_kw, place)
            yield finding(
                lane, each, "a setpoint is kept as a limit only", "set deviation_price_per_kwh to follow it from below"
            )
        else:
            yield Dispatch(
                id=signal_id(lane, each),
                start=each.start,
                end=each.end,
                setpoint_kw=power_kw,
                price_above_per_kwh=rules.deviation_price_per_kwh,
                price_below_per_kwh=rules.deviation_price_per_kwh,
                node=place.node,
                evses=place.evses,
                source=lane.source,
            )


def _change(lane: Lane, each: Held, power_kw: float, place: _Place, rules: SignalRules) -> Signal | Finding:
    """More or less than without the signal: an event against a baseline, which somebody has to know."""
    if rules.baseline_kw is None:
        return finding(lane, each, "a change needs a baseline to change", "set baseline_kw in the programme's rules")
    return Event(
        id=signal_id(lane, each),
        start=each.start,
        end=each.end,
        direction=Direction.TURN_UP if power_kw > 0.0 else Direction.REDUCE,
        baseline_kw=rules.baseline_kw,
        committed_kw=abs(power_kw),
        payment_per_kwh=rules.payment_per_kwh,
        penalty_per_kwh=rules.penalty_per_kwh,
        node=place.node,
        evses=place.evses,
        source=lane.source,
    )


def _as_cap(lane: Lane, each: Held, power_kw: float, place: _Place) -> Cap:
    return Cap(
        id=signal_id(lane, each),
        start=each.start,
        end=each.end,
        import_limit_kw=max(power_kw, 0.0),
        node=place.node,
        evses=place.evses,
        source=lane.source,
    )


def _meant(lane: Lane, held: tuple[Held, ...], scenario: Scenario, rules: SignalRules) -> Iterator[Signal | Finding]:
    for each in held:
        meaning = rules.meaning(lane.topic, each.value)
        if meaning is not None:
            yield _meant_cap(lane, each, meaning, scenario)
        elif lane.kind is SignalKind.ALERT or each.value:
            told = f"{lane.topic or lane.kind} {each.text or each.value} has no meaning here"
            yield finding(lane, each, told, "say in the meanings what it limits; it limits nothing until then")


def _meant_cap(lane: Lane, each: Held, meaning: Meaning, scenario: Scenario) -> Cap:
    whole = meaning.import_limit_kw is not None
    return Cap(
        id=signal_id(lane, each),
        start=each.start,
        end=each.end,
        import_limit_kw=meaning.import_limit_kw if whole else evses_kw(meaning, scenario.site),
        evses=() if whole else tuple(evse.id for evse in scenario.site.evses),
        source=lane.source,
    )


def _for_whom(lane: Lane) -> Finding:
    """The only site of a source is meant by every name that it uses, or somebody else's signals come here."""
    return Finding(
        path="signals",
        message=f"{lane.source}: {lane.target} is no name of this site, and none of its groups",
        remedy="add it to names or groups of the rules; until then it asks nothing",
        ids=(lane.source,),
    )


def _no_export(step: LimitStep) -> Finding:
    return Finding(
        path="signals",
        message=f"{step.signals[0]}: a group of EVSEs has no export of its own",
        remedy="give the group a node in the rules; until then its export is not limited",
        ids=(step.signals[0],),
    )


def _whole_portfolio(lane: Lane) -> Finding:
    return Finding(
        path="signals",
        message=f"{lane.source}: a limit for {lane.target} is not divided among its sites",
        remedy="divide it; until then each of them stays within all of it, which is not enough",
        ids=(lane.source,),
    )
