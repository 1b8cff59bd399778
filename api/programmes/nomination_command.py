"""From past sessions to a nomination, and its judgement by later ones."""

from collections.abc import Sequence
from pathlib import Path

from api.programmes.nominating import NominationDocument, Span, hindsight_document, nomination_document
from api.programmes.sources import charges_from
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.programme_calls import calendar_of
from optimizer.response.nominated import hindsight
from optimizer.response.nomination import nominate
from optimizer.response.past_days import PastCharge, past_days


def nominated(
    programme: Programme, source: str, span: Span, settled: Span | None, *, power_kw: float, folder: Path | None
) -> NominationDocument:
    """By past sessions of a file or a data set; raises InvalidScenario."""
    charges = charges_from(source, calendar_of(programme).time_zone, power_kw, folder)
    return nominated_by(programme, charges, span, settled)


def nominated_by(
    programme: Programme, charges: Sequence[PastCharge], span: Span, settled: Span | None = None
) -> NominationDocument:
    """By the days of ``span``, judged by those of ``settled``; raises InvalidScenario."""
    for name, days in (("from", span), ("settle_from", settled or span)):
        if days[1] < days[0]:
            message = f"the last day, {days[1]}, is before the first, {days[0]}"
            raise InvalidScenario([Finding(path=name, message=message, remedy="swap them")])
    found = nominate(programme, past_days(charges, programme, *span))
    told = nomination_document(programme, found, span)
    if settled is None:
        return told
    judged = hindsight(programme, found.power_kw, past_days(charges, programme, *settled))
    return told.model_copy(update={"hindsight": hindsight_document(judged, settled)})
