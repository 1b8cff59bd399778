"""What a charge point has to say: kept while there is no connection, said again where no answer came."""

from dataclasses import dataclass, field

from tests.peers.messages import Call
from tests.peers.spelling16 import Said


@dataclass(slots=True)
class Postbox:
    owner: str
    unsaid: list[Call] = field(default_factory=list)
    unanswered: dict[str, tuple[Call, int | None]] = field(default_factory=dict)
    """Calls and the EVSE that each is about, by id."""
    count: int = 0

    def put(self, said: Said, number: int | None, now_s: float, *, kept: bool, connected: bool) -> str:
        """The id of the call; what need not be kept is forgotten where there is no connection."""
        self.count += 1
        action, payload = said
        call = Call(id=f"{self.owner}:{self.count}", action=action, payload=payload, at_s=now_s, kept=kept)
        if kept or connected:
            self.unsaid.append(call)
            self.unanswered[call.id] = (call, number)
        return call.id

    def take(self) -> list[Call]:
        said, self.unsaid = self.unsaid, []
        return said

    def lost(self) -> None:
        self.unsaid = [call for call in self.unsaid if call.kept]

    def regained(self) -> None:
        """What was kept and not answered is said again."""
        self.unanswered = {key: asked for key, asked in self.unanswered.items() if asked[0].kept}
        self.unsaid = [call for call, _ in self.unanswered.values()]

    def answered(self, call_id: str) -> tuple[Call, int] | None:
        """The call and its EVSE; None for an answer to nothing, or to what is about no EVSE."""
        call, number = self.unanswered.pop(call_id, (None, None))
        return None if call is None or number is None else (call, number)
