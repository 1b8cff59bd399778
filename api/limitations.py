"""The ledger of limitations of sessions whose limits and measurements are in a file."""

from pathlib import Path

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.limitations import limitations_ledger
from models.domain.wire import ledger_json, read_records


def ledger_of(path: Path) -> str:
    """As JSON; raises InvalidScenario where the file does not hold records."""
    try:
        data = path.read_bytes()
    except OSError as unread:
        finding = Finding(path="", message=f"{path} cannot be read: {unread.strerror}", remedy="name a file of records")
        raise InvalidScenario([finding]) from unread
    return ledger_json(limitations_ledger(read_records(data)))
