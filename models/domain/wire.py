"""Scenarios as JSON: bytes in, domain values out, and every finding at once. The only import of pydantic here.

There are no wire classes: the dataclasses of the domain are the shape, under the strict rules of models.domain.value.
``python -m models.domain.wire`` prints the JSON schema that is checked in as scenario.schema.json.
"""

import json
import sys
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from models.domain.asked import Asking
from models.domain.checks.programmes import programme_findings
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.habits import Habits
from models.domain.limitations import LimitationsLedger, SessionRecord, times_of
from models.domain.meanings import SignalRules
from models.domain.programme import Programme
from models.domain.quick import Quick, expand, original_path
from models.domain.roster import Roster, roster_findings
from models.domain.scenario import Scenario
from models.domain.strict_json import Document, read_json
from models.domain.utility_signal import SignalFile, UtilitySignal, defects
from models.domain.validation import validate
from models.domain.wire_findings import findings_of

Form = TypeVar("Form")
_RECORDS: Any = tuple[SessionRecord, ...]


def read_scenario(data: bytes | str, *, now: datetime | None = None) -> Scenario:
    """The scenario of a document, valid, and in the quick form expanded; ``now`` is where a quick plan starts.

    A document with ``site`` is a scenario, one with ``evses`` its quick form. Raises InvalidScenario with all findings.
    """
    document = read_json(data)
    if _is_quick(document):
        return _expanded(_parse(Quick, document), now)
    scenario = _parse(Scenario, document)
    _refuse(validate(scenario))
    return scenario


def read_signals(data: bytes | str) -> tuple[UtilitySignal, ...]:
    """The signals of a document ``{"signals": [...]}``; raises InvalidScenario with all findings."""
    signals = _parse(SignalFile, read_json(data)).signals
    _refuse(tuple(finding for i, signal in enumerate(signals) for finding in defects(signal, f"signals[{i}]")))
    return signals


def read_asking(data: bytes | str) -> Asking:
    """Signals with the site that they ask; raises InvalidScenario with all findings."""
    asking = _parse(Asking, read_json(data))
    broken = [f for i, signal in enumerate(asking.signals) for f in defects(signal, f"signals[{i}]")]
    if asking.scenario is not None:
        broken += [replace(f, path=f"scenario.{f.path}") for f in validate(asking.scenario)]
    _refuse(tuple(broken))
    return asking


def asking_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of signals with the site that they ask."""
    return _adapter(Asking).json_schema()


def signals_json(signals: tuple[UtilitySignal, ...], *, indent: int | None = None) -> str:
    """The document of signals: what differs from the defaults."""
    file = SignalFile(signals=signals)
    return _adapter(SignalFile).dump_json(file, exclude_defaults=True, indent=indent).decode()


def read_rules(data: bytes | str) -> SignalRules:
    """What signals mean at a site; raises InvalidScenario with all findings."""
    return _parse(SignalRules, read_json(data))


def read_programme(data: bytes | str) -> Programme:
    """The terms of a programme; raises InvalidScenario with all findings."""
    programme = _parse(Programme, read_json(data))
    _refuse(programme_findings(programme))
    return programme


def read_roster(data: bytes | str) -> Roster:
    """Who takes part in a programme; raises InvalidScenario with all findings."""
    roster = _parse(Roster, read_json(data))
    _refuse(roster_findings(roster))
    return roster


def scenario_json(scenario: Scenario, *, indent: int | None = None) -> str:
    """The document of a scenario: what differs from the defaults, so that what was not given is not there either."""
    return _adapter(Scenario).dump_json(scenario, indent=indent, exclude_defaults=True).decode()


def habits_json(habits: Habits, *, indent: int | None = None) -> str:
    """What ``site.habits`` of a scenario is to be."""
    return _adapter(Habits).dump_json(habits, indent=indent, exclude_defaults=True).decode()


def read_form(form: type[Form], data: bytes | str) -> Form:
    """A value of any form that is declared as those of the domain; raises InvalidScenario with what is wrong about it.

    Its shape alone is looked at: what it says is judged together with the site that it belongs to.
    """
    return _parse(form, read_json(data))


def kept_form(form: type[Form], body: str) -> Form:
    """The value of a document that :func:`form_json` wrote; the same one for the same text, as values never change.

    It was judged when it came in, so its shape alone is looked at. Raises InvalidScenario.
    """
    remembered: Any = _small if len(body) <= SMALL else _large if len(body) <= LARGE else _kept
    found: Form = remembered(form, body)
    return found


SMALL, LARGE = 16_384, 1_048_576
"""Characters of a document up to which 4,096, or 64, of them are remembered."""


def _kept(form: Any, body: str) -> Any:
    try:
        return _adapter(form).validate_json(body)
    except ValidationError:
        return read_form(form, body)  # which tells what is wrong


_small, _large = lru_cache(4096)(_kept), lru_cache(64)(_kept)


def form_json(form: type[Form], told: Form) -> str:
    """The document of such a value: what differs from the defaults."""
    return _adapter(form).dump_json(told, exclude_defaults=True).decode()


def read_records(data: bytes | str) -> tuple[SessionRecord, ...]:
    """What is known of sessions, for their limitations: a list of records. Raises InvalidScenario with all findings."""
    records: tuple[SessionRecord, ...] = _parse(_RECORDS, read_json(data))
    naive = (
        Finding(path=f"[{i}]", message=f"session {record.session}: a time has no offset", remedy="write times with it")
        for i, record in enumerate(records)
        if any(at.tzinfo is None for at in times_of(record))
    )
    _refuse(tuple(naive))
    return records


def ledger_json(ledger: LimitationsLedger) -> str:
    """The ledger of limitations as a document."""
    return TypeAdapter(LimitationsLedger).dump_json(ledger, indent=2).decode()


def json_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of both forms of a document."""
    both: TypeAdapter[Any] = TypeAdapter(Scenario | Quick)
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Scenario of chargewright"}
    return title | both.json_schema()


def schema_text() -> str:
    """The same as text: what scenario.schema.json has to be."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _is_quick(document: Document) -> bool:
    """Which of the two forms a document has; raises InvalidScenario when it has neither."""
    tree = document.tree
    if isinstance(tree, dict) and ("site" in tree or "evses" in tree):
        return "site" not in tree
    message = "this is no scenario: it has neither site nor evses"
    remedy = 'write {"site": ..., "sessions": [...]}, or the quick form {"import_limit_kw": ..., "evses": [...]}'
    raise InvalidScenario([*document.findings, Finding(path="", message=message, remedy=remedy)])


def _parse(form: type[Form], document: Document) -> Form:
    """What a document says, in types of the domain; raises InvalidScenario for everything that does not fit them."""
    try:
        parsed: Form = _adapter(form).validate_json(document.repaired())
    except ValidationError as unfit:
        told = {finding.path for finding in document.findings}
        shape = findings_of(unfit.errors(include_url=False), document.tree, _schema(form))
        findings = [*document.findings, *(finding for finding in shape if finding.path not in told)]
        raise InvalidScenario(findings) from None  # the error of pydantic quotes the input
    _refuse(document.findings)
    return parsed


def _expanded(quick: Quick, now: datetime | None) -> Scenario:
    scenario = expand(quick, now)
    _refuse(tuple(replace(f, path=original_path(f.path, quick)) for f in validate(scenario)))
    return scenario


def _refuse(findings: tuple[Finding, ...]) -> None:
    if findings:
        raise InvalidScenario(findings)


def _adapter(form: Any) -> TypeAdapter[Any]:
    return _made(form)


@cache
def _made(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def _schema(form: Any) -> dict[str, Any]:
    """What findings take their remedies from: only a document with findings waits for it."""
    return _described(form)


@cache
def _described(form: Any) -> dict[str, Any]:
    return _made(form).json_schema()


if __name__ == "__main__":
    sys.stdout.write(schema_text())
