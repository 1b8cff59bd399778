"""What every store refuses, in the same words."""

from api.store.records import Lease, Place
from models.domain.errors import Conflict, NotFound, StoreError


def missing(place: Place) -> NotFound:
    """Nothing is there, or it belongs to somebody else."""
    return NotFound(f"there is no {place.kind.replace('_', ' ')} of this name")


def changed_since(place: Place, expected: int) -> Conflict:
    """Somebody wrote it after the caller had read it."""
    then = f"revision {expected}" if expected else "that it is new"
    return Conflict(f"the {place.kind.replace('_', ' ')} has changed since {then} was read; read it again")


def taken_over(lease: Lease) -> Conflict:
    """A replica was away for longer than its lease, and another one went on."""
    return Conflict(f"epoch {lease.epoch} of site {lease.site} is over: another replica plans it now")


def never_forgotten() -> StoreError:
    """Entries of the audit trail have no retention."""
    return StoreError("the audit trail is only added to")
