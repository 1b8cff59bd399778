"""What a VEN asks a VTN, in both versions: programmes, events page by page, registration, subscriptions, reports."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.edges.openadr3.connection import Connection
from models.domain.errors import EdgeError, InvalidScenario
from models.openadr.v3 import written
from models.openadr.v3.channel import Version
from models.openadr.v3.wire import Form, Identified, Program, Resource, Subscription, Ven, read

PAGE = 50
"""The most that a VTN gives at once."""
MOST_PAGES = 1000


class VenClient:
    """A VEN of one version at one VTN; every method raises EdgeError."""

    def __init__(self, connection: Connection, version: Version) -> None:
        self.connection, self.version = connection, version

    def programs(self) -> list[Program]:
        return [self._read(Program, tree) for tree in self._pages("/programs", {})]

    def events(self, program_id: str, targets: Sequence[str] = (), target_type: str = "GROUP") -> list[Any]:
        """All of a programme, as they came: each is understood or refused on its own. ``target_type`` is for 3.0.1."""
        return list(self._pages("/events", {"programID": program_id, **self._targets(targets, target_type)}))

    def register(self, name: str, attributes: Mapping[str, Sequence[object]] | None = None) -> Ven:
        """Ourselves, found by name or made."""
        found = list(self._pages("/vens", {"venName": name}))
        tree = found[0] if found else self._write("POST", "/vens", written.ven(name, self.version, attributes))
        return self._read(Ven, tree)

    def register_resource(
        self, ven_id: str, name: str, attributes: Mapping[str, Sequence[object]] | None = None
    ) -> Resource:
        """A site or a group of EVSEs, found by name or made."""
        old = self.version is Version.V3_0
        path, of_ven = (f"/vens/{ven_id}/resources", {}) if old else ("/resources", {"venID": ven_id})
        found = list(self._pages(path, {"resourceName": name, **of_ven}))
        body = written.resource(name, ven_id, self.version, attributes)
        return self._read(Resource, found[0] if found else self._write("POST", path, body))

    def subscribe(self, client_name: str, program_id: str, callback_url: str, bearer_token: str) -> Subscription:
        """To events of a programme; the VTN first challenges the webhook."""
        body = written.subscription(client_name, program_id, callback_url, bearer_token, self.version)
        return self._read(Subscription, self._write("POST", "/subscriptions", body))

    def subscriptions(self, client_name: str) -> list[Subscription]:
        """Those that we have made under a name."""
        return [self._read(Subscription, tree) for tree in self._pages("/subscriptions", {"clientName": client_name})]

    def unsubscribe(self, subscription_id: str) -> None:
        self.connection.request("DELETE", f"/subscriptions/{subscription_id}")

    def report(self, body: dict[str, Any]) -> str:
        """Sends a report; its id at the VTN."""
        return self._read(Identified, self._write("POST", "/reports", body)).id

    def correct_report(self, report_id: str, body: dict[str, Any]) -> None:
        """In place of what was reported before."""
        self._write("PUT", f"/reports/{report_id}", body)

    def _targets(self, targets: Sequence[str], target_type: str) -> dict[str, Any]:
        if not targets:
            return {}
        if self.version is Version.V3_0:
            return {"targetType": target_type, "targetValues": list(targets)}
        return {"targets": list(targets)}

    def _write(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self.connection.request(method, path, body=body)

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Any]:
        for page in range(MOST_PAGES):
            told = self.connection.get(path, {**params, "skip": page * PAGE, "limit": PAGE})
            if not isinstance(told, list):
                raise EdgeError(f"{path} is no list", peer=self.connection.peer, retryable=False)
            yield from told
            if len(told) < PAGE:
                return
        raise EdgeError(f"{path} has no end after {MOST_PAGES} pages", peer=self.connection.peer, retryable=False)

    def _read(self, form: type[Form], tree: Any) -> Form:
        try:
            return read(form, tree)
        except InvalidScenario as invalid:
            message = f"a {form.__name__} is not as specified: {invalid.findings[0]}"
            raise EdgeError(message, peer=self.connection.peer, retryable=False) from None
