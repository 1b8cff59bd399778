"""What explains a plan, in the journal after it: commands do not wait for it, and it is told within the plan."""

from pydantic import BaseModel, ConfigDict

from api.build_explanation import fail_safe, held_of, limitations, why_of
from api.document import FailSafeResult, Hold, LimitationLine, PlanDocument, Why
from api.planning import Answer
from api.sites.keeping import Desk
from api.store.packing import packed, unpacked
from api.store.records import Entry, Kind


class Explanation(BaseModel):
    """The parts of a plan's document that are told once it has been sent."""

    model_config = ConfigDict(frozen=True)

    why: dict[str, list[Why]]
    """By session, as ``held``."""
    held: dict[str, list[Hold]]
    limitations: list[LimitationLine]
    fail_safe: FailSafeResult | None

    def within(self, told: PlanDocument) -> PlanDocument:
        """The document of the plan with them."""
        sessions = [
            one.model_copy(update={"why": self.why.get(one.session_id, []), "held": self.held.get(one.session_id, [])})
            for one in told.sessions
        ]
        changes = {"sessions": sessions, "limitations": self.limitations, "fail_safe": self.fail_safe}
        return told.model_copy(update=changes)


def explanation_of(answer: Answer) -> Explanation:
    """Of a plan that is explained."""
    return Explanation(
        why=why_of(answer), held=held_of(answer), limitations=limitations(answer), fail_safe=fail_safe(answer)
    )


def keep_explanation(desk: Desk, plan: str, told: Explanation) -> None:
    """Add it to the journal."""
    desk.unit.append(desk.tenant, Kind.EXPLANATION, desk.site, plan, packed(told.model_dump_json()))


def explanation_entry(desk: Desk, plan: str) -> Entry | None:
    """None until it is there: while it is made, or where the service was stopped before."""
    return desk.unit.entry(desk.tenant, desk.site, Kind.EXPLANATION, plan)


def explanation_in(entry: Entry) -> Explanation:
    """In a line of the journal."""
    return Explanation.model_validate_json(unpacked(entry.body))
