"""A timeline as a JSON document."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from api.document import Part
from api.problems import FindingLine
from models.domain.findings import Finding
from models.domain.limit_curve import limit_curve
from models.domain.timeline import Timeline
from models.domain.utility_signal import Flow


class TargetLine(Part):
    """Whom it is about."""

    scope: str
    name: str


class HeldLine(Part):
    """One value that holds from ``start`` to ``end``, and the signal that it is from."""

    start: datetime
    end: datetime
    value: float | None
    text: str
    signal: str
    currency: str


class LaneLine(Part):
    """What holds of one source, programme, kind, mode, flow, topic and target."""

    source: str
    programme: str
    kind: str
    mode: str
    flow: str
    topic: str
    target: TargetLine
    held: list[HeldLine]


class LimitLine(Part):
    """What all sources together leave to a target."""

    flow: str
    target: TargetLine
    start: datetime
    end: datetime
    limit_kw: float
    source: str
    signals: list[str]
    """That together say so, as ``source/signal``."""


class FoldedDocument(Part):
    """What ``POST /v1/signals/fold`` answers: what holds when, and what of it a site is asked."""

    start: datetime
    end: datetime
    lanes: list[LaneLine]
    limits: list[LimitLine]
    scenario: dict[str, object] | None = None
    """The scenario of the request with what it is asked, for ``POST /v1/plans``; null where none was given."""
    findings: list[FindingLine]
    """What of it could not be asked, and what to do about that."""


def folded_document(
    timeline: Timeline, scenario: dict[str, object] | None, findings: Sequence[Finding]
) -> FoldedDocument:
    """The document of a timeline."""
    lanes = [asdict(lane) | {"held": [asdict(each) for each in held]} for lane, held in timeline.lanes]
    told = {
        "start": timeline.start,
        "end": timeline.end,
        "lanes": lanes,
        "limits": _limits(timeline),
        "scenario": scenario,
        "findings": [asdict(finding) | {"ids": list(finding.ids)} for finding in findings],
    }
    return FoldedDocument.model_validate(told)


def _limits(timeline: Timeline) -> list[dict[str, object]]:
    targets = sorted({lane.target for lane, _ in timeline.lanes}, key=str)
    return [
        {"flow": flow, "target": asdict(target), **asdict(step), "signals": list(step.signals)}
        for target in targets
        for flow in Flow
        for step in limit_curve(timeline, flow, [target])
    ]
