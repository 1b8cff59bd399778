"""A site that is no longer there."""

from api.sites.alarms import forget_alarms
from api.sites.keeping import FORMS, Desk
from api.store.records import Kind


def remove_site(desk: Desk, expected: int | None) -> None:
    """With every document that is kept of it; raises NotFound, Conflict."""
    desk.remove(Kind.SITE, expected=expected, what="site removed")
    forget_alarms(desk)
    for kind in (kind for kind in FORMS if kind is not Kind.SITE):
        for kept in desk.every(kind):
            desk.remove(kind, id=kept.id, expected=None, what=f"{kind} removed")
