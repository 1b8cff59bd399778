"""The guarded limit second by second: every second all rules are looked at, nothing is reckoned ahead."""

from dataclasses import dataclass

SILENT, FIRST, RETURN = 120, 120, 120


@dataclass
class SecondBySecond:
    failsafe: float
    hold: int
    let_off: bool
    now: int = 0
    state: str = "init"
    in_state: int = 0
    beat: int | None = None
    back: int | None = None
    kw: float = 0.0
    left: float | None = None

    def tick(self) -> None:
        """One second goes by."""
        self.now += 1
        self.in_state += 1
        self.left = None if self.left is None else self.left - 1
        if self.state in ("limited", "unlimited_controlled"):
            if self.beat is None or self.now - self.beat >= SILENT:
                self.enter("failsafe")
            elif self.state == "limited" and self.left is not None and self.left <= 0:
                self.enter("unlimited_controlled")
        elif self.let_off and self.state == "init" and self.in_state >= FIRST:
            self.enter("unlimited_autonomous")
        elif self.let_off and self.state == "failsafe":
            returned = self.back is not None and self.now - self.back >= RETURN
            if returned or self.in_state >= self.hold:
                self.enter("unlimited_autonomous")

    def enter(self, state: str) -> None:
        self.state, self.in_state, self.back = state, 0, None

    def heartbeat(self) -> None:
        if self.state == "failsafe" and self.back is None:
            self.back = self.now
        self.beat = self.now

    def write(self, kw: float, active: bool, duration: int | None) -> None:
        if kw < 0 or self.beat is None or self.now - self.beat >= SILENT:
            return
        self.kw, self.left = kw, duration
        self.enter("limited" if active else "unlimited_controlled")

    def limit(self) -> float | None:
        return {"limited": self.kw, "init": self.failsafe, "failsafe": self.failsafe}.get(self.state)
