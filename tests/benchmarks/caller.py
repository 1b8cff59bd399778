"""A client of a service over some connections at once, in a process of its own: python -m tests.benchmarks.caller

Reads what to ask from standard input and writes what it saw to standard output, both JSON. It speaks as little HTTP/1.1
as is needed, so that what it takes itself of a shared machine is little.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

LATE_S = 300.0
"""A run that takes longer is given up. [s]"""


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Errand:
    """What to ask, in order, over so many connections at once."""

    port: int
    key: str
    calls: Sequence[Call]
    connections: int
    per_second: float = 0.0
    """0: each connection asks again as soon as it was answered."""
    longest_s: float = 60.0
    """After that nothing more is asked: a service that is slower than it is asked would never come to an end. [s]"""


@dataclass
class Seen:
    """What was answered."""

    seconds: float = 0.0
    """From the first request to the last answer."""
    latencies_s: list[float] = field(default_factory=list)
    """Of each request; where there is a rate, from the moment at which it was to be sent."""
    statuses: dict[str, int] = field(default_factory=dict)
    first_refusal: str = ""

    @property
    def per_second(self) -> float:
        return len(self.latencies_s) / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency that this share of requests does not exceed. [ms]"""
        ordered = sorted(self.latencies_s)
        return 1e3 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def refused(self) -> int:
        """Answers that are no acknowledgement."""
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))


def asked(errand: Errand) -> Seen:
    """Run an errand in a process of its own; raises CalledProcessError, TimeoutExpired."""
    command = [sys.executable, "-m", "tests.benchmarks.caller"]
    told = json.dumps(asdict(errand))
    done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=LATE_S, check=True)
    return Seen(**json.loads(done.stdout))


def main() -> None:
    told: dict[str, Any] = json.load(sys.stdin)
    calls = tuple(Call(**one) for one in told.pop("calls"))
    json.dump(asdict(asyncio.run(_run(Errand(**told, calls=calls)))), sys.stdout)


async def _run(errand: Errand) -> Seen:
    seen, statuses = Seen(), Counter[str]()
    waiting = iter([(k, _bytes(errand, call)) for k, call in enumerate(errand.calls)])
    begun = perf_counter()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", errand.port)
        for k, request in waiting:
            if perf_counter() - begun > errand.longest_s:
                break
            due = begun + k / errand.per_second if errand.per_second else perf_counter()
            await asyncio.sleep(max(0.0, due - perf_counter()))
            writer.write(request)
            status, body = await _answer(reader)
            seen.latencies_s.append(perf_counter() - due)
            statuses[status] += 1
            if not status.startswith("2"):
                seen.first_refusal = seen.first_refusal or body.decode(errors="replace")[:500]
        writer.close()

    await asyncio.gather(*(connection() for _ in range(errand.connections)))
    seen.seconds, seen.statuses = perf_counter() - begun, dict(statuses)
    return seen


def _bytes(errand: Errand, call: Call) -> bytes:
    body = call.body.encode()
    head = (
        f"{call.method} {call.path} HTTP/1.1\r\nHost: 127.0.0.1:{errand.port}\r\nAuthorization: Bearer {errand.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    return lines[0].split()[1], await reader.readexactly(int(lengths[0]) if lengths else 0)


if __name__ == "__main__":
    main()
