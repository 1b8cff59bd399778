"""What readings say of an EVSE: each verdict is a value with what was seen; good behaviour takes it back.

Pure over the last readings of one session. A doubt is in favour of the EVSE here, and against it in every limit.
"""

from dataclasses import replace
from datetime import timedelta
from statistics import median

from optimizer.rolling.changing import with_verdict, without_verdicts
from optimizer.rolling.stages import DRAWS_KW, TOUCHES, held, last_while, offers
from optimizer.rolling.state import EvseRecord, Reading, Stage
from optimizer.rolling.verdict import Evidence, Flaw

OVER_SHARE, OVER_KW = 0.06, 0.15
"""A draw counts as above its limit from this share and this power on: meters and pilots have tolerances."""
OVER_FOR = timedelta(seconds=60)
GOOD_FOR = timedelta(minutes=10)
GOOD_READINGS = 5
RESUMES_IN = timedelta(minutes=3)
LESS_FOR = timedelta(minutes=10)
LESS_SHARE = 0.8
SAME = 0.07
"""Share by which two ratios may differ that count as the same."""
RAISED = 1.2
FEWEST_RATIOS = 2
"""Of different limits, to tell a scale from a draw that just is what it is."""


def judged(record: EvseRecord) -> EvseRecord:
    """The record with verdicts by its newest reading."""
    if not record.readings:
        return record
    record = _of_limit(record)
    record = _verified(record)
    for flaw, seen in ((Flaw.SLEEPS_AT_ZERO, _sleeps), (Flaw.IGNORES_RAISE, _ignores_raise), (Flaw.DRAWS_LESS, _less)):
        evidence = seen(record)
        record = with_verdict(record, flaw, evidence) if evidence else _cleared(record, flaw)
    return record


def over(reading: Reading) -> bool:
    """Above anything that it was ever allowed of late."""
    allowed = reading.allowed_kw
    return allowed is not None and reading.drawn_kw > allowed * (1.0 + OVER_SHARE) + OVER_KW


def _of_limit(record: EvseRecord) -> EvseRecord:
    """Ignored limits, and scales; trust comes back with minutes of following a limit that binds."""
    newest = record.readings[-1]
    if over(newest):
        return _offended(replace(record, good_since=None))
    scale = _scale(record)
    if scale is not None and scale < 1.0 and record.session is not None and record.session.phases is not None:
        seen = Evidence(at=newest.at, what=f"it draws {scale:.2f} of its limits", drawn_kw=newest.drawn_kw)
        record = with_verdict(record, Flaw.MIS_SCALES, seen, scale)
    return _trusted(record) if _follows(newest) else record


def _offended(record: EvseRecord) -> EvseRecord:
    """One reading may be a car that is still ramping down."""
    newest = record.readings[-1]
    offences = list(last_while(record.readings, over))
    if newest.at - offences[-1].at < OVER_FOR:
        return record
    scale = _scale(record)
    what = "it draws more than it is allowed" if scale is None else f"it draws {scale:.2f} times its limits"
    flaw, other = (Flaw.IGNORES_LIMIT, Flaw.MIS_SCALES) if scale is None else (Flaw.MIS_SCALES, Flaw.IGNORES_LIMIT)
    seen = Evidence(at=newest.at, what=what, limit_kw=newest.allowed_kw, drawn_kw=newest.drawn_kw)
    return with_verdict(without_verdicts(record, other), flaw, seen, scale)


def _follows(reading: Reading) -> bool:
    """Held by a limit and not above it: that shows something, a car that wants less does not."""
    return reading.drawn_kw >= DRAWS_KW and held(reading) and not over(reading)


def _trusted(record: EvseRecord) -> EvseRecord:
    newest, since = record.readings[-1], record.good_since or record.readings[-1].at
    good = [one for one in record.readings if one.at >= since and _follows(one)]
    record = replace(record, good_since=since)
    if newest.at - since < GOOD_FOR or len(good) < GOOD_READINGS:
        return record
    return without_verdicts(record, Flaw.IGNORES_LIMIT, Flaw.MIS_SCALES)


def _scale(record: EvseRecord) -> float | None:
    """Power over limit where that is the same for different limits and not 1; None where it is not.

    A draw at the rating of its EVSE tells nothing: more is not to be had.
    """
    ratios: dict[float, float] = {}
    for one in record.readings:
        settled = one.binding_kw and one.allowed_kw == one.binding_kw
        if settled and one.binding_kw and DRAWS_KW <= one.drawn_kw < TOUCHES * record.plate.rating_kw:
            ratios[round(one.binding_kw, 2)] = one.drawn_kw / one.binding_kw
    limits = sorted(ratios)
    if len(limits) < FEWEST_RATIOS or limits[-1] < RAISED * limits[0]:
        return None
    middle = median(ratios.values())
    same = all(abs(ratio - middle) <= SAME * middle for ratio in ratios.values())
    return middle if same and abs(middle - 1.0) > 2 * SAME else None


def _verified(record: EvseRecord) -> EvseRecord:
    """After a boot: a limit that was accepted since and is followed."""
    newest = record.readings[-1]
    return record if newest.allowed_kw is None or not _follows(newest) else without_verdicts(record, Flaw.UNVERIFIED)


def _sleeps(record: EvseRecord) -> Evidence | None:
    """It drew, was paused, is offered power again for minutes, and draws nothing."""
    asleep = list(last_while(record.readings, lambda one: one.drawn_kw < DRAWS_KW))
    if not asleep or len(asleep) == len(record.readings):
        return None
    offered = list(last_while(record.readings, lambda one: one.drawn_kw < DRAWS_KW and offers(one, record.plate)))
    paused = any(one.binding_kw == 0.0 for one in asleep)
    newest = record.readings[-1]
    if not paused or not offered or newest.at - offered[-1].at < RESUMES_IN:
        return None
    return Evidence(at=newest.at, what="it does not resume after a pause", limit_kw=newest.binding_kw, drawn_kw=0.0)


def _ignores_raise(record: EvseRecord) -> Evidence | None:
    """It was held by a limit, the limit rose, and minutes later it draws what it drew."""
    newest = record.readings[-1]
    if newest.drawn_kw < DRAWS_KW or not newest.binding_kw:
        return None
    same = list(last_while(record.readings, lambda one: one.binding_kw == newest.binding_kw))
    before = record.readings[: len(record.readings) - len(same)]
    if not before or not _follows(before[-1]) or newest.at - same[-1].at < RESUMES_IN:
        return None
    raised = newest.binding_kw >= RAISED * (before[-1].binding_kw or 0.0)
    unmoved = all(abs(one.drawn_kw - before[-1].drawn_kw) <= SAME * before[-1].drawn_kw for one in same)
    if not (raised and unmoved):
        return None
    what = f"its limit rose from {before[-1].binding_kw:.2f} kW and it draws what it drew"
    return Evidence(at=newest.at, what=what, limit_kw=newest.binding_kw, drawn_kw=newest.drawn_kw)


def _less(record: EvseRecord) -> Evidence | None:
    session, newest = record.session, record.readings[-1]
    if session is None or session.stage not in (Stage.DRAWING, Stage.WOKEN):
        return None
    share = LESS_SHARE if session.phases is not None or record.plate.dc else LESS_SHARE / record.plate.phases
    less = list(last_while(record.readings, lambda one: _draws_less(one, share)))
    if not less or newest.at - less[-1].at < LESS_FOR:
        return None
    what = "it draws less than it is offered"
    return Evidence(at=newest.at, what=what, limit_kw=newest.binding_kw, drawn_kw=newest.drawn_kw)


def _draws_less(reading: Reading, share: float) -> bool:
    limit_kw = reading.binding_kw
    return limit_kw is not None and DRAWS_KW <= reading.drawn_kw < share * limit_kw


def _cleared(record: EvseRecord, flaw: Flaw) -> EvseRecord:
    """What is held by its limit is no longer less than that; what draws is awake."""
    newest = record.readings[-1]
    mended = newest.drawn_kw >= DRAWS_KW if flaw is Flaw.SLEEPS_AT_ZERO else _follows(newest)
    return without_verdicts(record, flaw) if mended else record
