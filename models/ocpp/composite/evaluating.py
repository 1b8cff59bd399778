"""The composite schedule of one EVSE or of a whole station.

Within a purpose the highest stack level counts; a TxProfile replaces a TxDefaultProfile period by period, priority
charging replaces both; the lowest of that, the station's maximum and external constraints is the limit, and local
generation is added to it. Source: OCPP 2.1 Ed. 2 part 2, K; composite-schedule tests of EVerest's libocpp.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from models.ocpp.composite.coverage import changes
from models.ocpp.composite.merging import combined, lowest, merged, summed
from models.ocpp.composite.neutral import (
    Amount,
    Composite,
    CompositePeriod,
    Conventions,
    InstalledProfile,
    Precedence,
    Question,
    Transaction,
    Use,
)
from models.ocpp.composite.stacking import Holding, highest

STATION = 0
_IN_A_TRANSACTION = (Use.PRIORITY, Use.TX, Use.TX_DEFAULT)
"""The first of them that says something counts."""
_ALWAYS = (Use.EXTERNAL, Use.STATION_MAX)
_PLACES = 6
"""Of a limit; conversions between units leave dust behind it."""

Profiles = tuple[InstalledProfile, ...]


def composite(profiles: Iterable[InstalledProfile], question: Question, conventions: Conventions) -> Composite:
    """What the station offers over the time asked about, if it does as it is told."""
    here = tuple(profiles)
    instants = sorted({question.start_s, *_changes(here, question)})
    found = [(at_s - question.start_s, _at(here, at_s, question, conventions)) for at_s in instants]
    return Composite(
        unit=question.unit,
        duration_s=question.end_s - question.start_s,
        periods=tuple(_without_repeats(found)),
    )


def worse_reading(profiles: Iterable[InstalledProfile], question: Question, conventions: Conventions) -> Composite:
    """At every instant the higher limit of the two readings of precedence: what a proof of safety has to count."""
    here = tuple(profiles)
    first, second = (
        composite(here, question, replace(conventions, precedence=precedence)) for precedence in Precedence
    )
    starts = sorted({period.start_s for reading in (first, second) for period in reading.periods})
    higher = [(start_s, max((_holding(r, start_s) for r in (first, second)), key=_size)) for start_s in starts]
    return replace(first, periods=tuple(_without_repeats(higher)))


def _at(profiles: Profiles, at_s: float, question: Question, conventions: Conventions) -> CompositePeriod:
    if question.evse != STATION:
        said = [
            *_of_transaction(profiles, question.evse, at_s, question, conventions),
            *_of_station(profiles, question.evse, at_s, question, conventions),
        ]
        limit = merged(said, question.unit, conventions)
        limit = limit or CompositePeriod(start_s=0.0, limit=summed([None], question.unit, conventions).limit)
    else:
        every = [
            merged(list(_of_transaction(profiles, n, at_s, question, conventions)), question.unit, conventions)
            for n in range(1, question.evses + 1)
        ]
        station = list(_of_station(profiles, STATION, at_s, question, conventions))
        limit = lowest(summed(every, question.unit, conventions), merged(station, question.unit, conventions))
    return _with_generation(limit, profiles, at_s, question, conventions)


def _of_transaction(
    profiles: Profiles, evse: int, at_s: float, question: Question, conventions: Conventions
) -> Iterator[Holding]:
    """What the profiles of a transaction say; nothing where none runs."""
    transaction = _transaction(evse, question)
    if transaction is None:
        return
    uses = _IN_A_TRANSACTION if evse in question.priority else _IN_A_TRANSACTION[1:]
    for use in uses:
        mine = [p for p in profiles if p.use is use and p.evse in (evse, STATION) and _belongs(p, transaction)]
        held = highest(mine, at_s, question, _since(transaction, question), conventions.precedence)
        if held is not None:
            yield held
            return


def _of_station(
    profiles: Profiles, evse: int, at_s: float, question: Question, conventions: Conventions
) -> Iterator[Holding]:
    for use in _ALWAYS:
        mine = [p for p in profiles if p.use is use and p.evse in (evse, STATION)]
        held = highest(mine, at_s, question, question.start_s, conventions.precedence)
        if held is not None:
            yield held


def _with_generation(
    limit: CompositePeriod, profiles: Profiles, at_s: float, question: Question, conventions: Conventions
) -> CompositePeriod:
    mine = [p for p in profiles if p.use is Use.LOCAL_GENERATION and p.evse in (question.evse, STATION)]
    held = highest(mine, at_s, question, question.start_s, conventions.precedence)
    more = merged([held], question.unit, conventions) if held is not None else None
    if more is None or limit.number_phases is None:
        return limit
    return replace(limit, limit=combined([limit.limit, more.limit], lambda a, b: a + b) or limit.limit)


def _transaction(evse: int, question: Question) -> Transaction | None:
    running = dict(question.transactions).get(evse)
    if running is None and question.as_if_charging:
        return Transaction(start_s=question.start_s)
    return running


def _belongs(profile: InstalledProfile, transaction: Transaction) -> bool:
    return None in (profile.transaction_id, transaction.id) or profile.transaction_id == transaction.id


def _since(transaction: Transaction, question: Question) -> float:
    return question.start_s if transaction.start_s is None else transaction.start_s


def _changes(profiles: Profiles, question: Question) -> Iterator[float]:
    begins = {question.start_s, *(_since(t, question) for _, t in question.transactions)}
    for profile in profiles:
        for since_s in begins:
            yield from changes(profile, question, since_s)


def _without_repeats(found: Iterable[tuple[float, CompositePeriod]]) -> Iterator[CompositePeriod]:
    rounded = ((start_s, _rounded(period)) for start_s, period in found)
    for period, same in groupby(rounded, key=lambda one: one[1]):
        yield replace(period, start_s=next(same)[0])


def _rounded(period: CompositePeriod) -> CompositePeriod:
    """Without the dust of conversions, so that equal limits are equal."""

    return replace(
        period,
        start_s=0.0,
        limit=_dusted(period.limit),
        discharge_limit=None if period.discharge_limit is None else _dusted(period.discharge_limit),
        setpoint=None if period.setpoint is None else _dusted(period.setpoint),
    )


def _dusted(amount: Amount) -> Amount:
    l2, l3 = (None if own is None else round(own, _PLACES) for own in (amount.l2, amount.l3))
    return Amount(round(amount.value, _PLACES), l2, l3)


def _holding(reading: Composite, elapsed_s: float) -> CompositePeriod:
    return next(p for p in reversed(reading.periods) if p.start_s <= elapsed_s)


def _size(period: CompositePeriod) -> float:
    """A limit of L1 alone is compared as one of all phases: the sum over three of them."""
    value, l2, l3 = period.limit
    return value + (value if l2 is None else l2) + (value if l3 is None else l3)
