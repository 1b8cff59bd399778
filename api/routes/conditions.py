"""If-Match and If-None-Match: which revision of a document a caller means."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Header

from api.problems import PreconditionFailed, PreconditionRequired
from api.store.port import NEW

ANY = "*"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a request says of the document that it changes."""

    if_match: str | None
    if_none_match: str | None

    def to_write(self, revision: int | None) -> int:
        """The revision to expect when the present one is this, None where nothing is there.

        What is new needs no condition. Raises PreconditionRequired, PreconditionFailed.
        """
        if revision is None:
            self._refuse(self.if_match is not None, "nothing is there yet, so no revision of it can be meant")
            return NEW
        self._refuse(self.if_none_match == ANY, "it is there already")
        if self.if_match is None:
            raise PreconditionRequired(
                f"read it first and send If-Match with its ETag, now {etag(revision)}; If-Match: * replaces any"
            )
        return self.to_remove(revision) or revision

    def to_remove(self, revision: int) -> int | None:
        """The revision to expect, None for whatever is there; raises PreconditionFailed."""
        fits = self.if_match in (None, ANY) or etag(revision) in [tag.strip() for tag in str(self.if_match).split(",")]
        self._refuse(not fits, f"its ETag is {etag(revision)} now; read it again")
        return None if self.if_match is None else revision

    def _refuse(self, failed: bool, reason: str) -> None:
        if failed:
            raise PreconditionFailed(reason)


async def condition(
    if_match: Annotated[str | None, Header(description='The ETag that was read, as "3", or *.')] = None,
    if_none_match: Annotated[str | None, Header(description="* to write only what is new.")] = None,
) -> Condition:
    """A dependency: what the request says."""
    return Condition(if_match, if_none_match)


def etag(revision: int) -> str:
    """As in the header ETag."""
    return f'"{revision}"'
