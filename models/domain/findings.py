"""One thing that is wrong with an input: where it is, what it is, and the way out."""

from models.domain.value import value


@value
class Finding:
    """A defect of an input, told so that its author can mend it."""

    path: str
    """Where in the document, as in ``sessions[3].departure``; empty for the document itself."""
    message: str
    """What is wrong, naming the thing: ``session 7f3: departure 17:40 is before arrival 18:05``."""
    remedy: str
    """What to do about it."""
    ids: tuple[str, ...] = ()
    """Identities of the things involved."""

    def __str__(self) -> str:
        return f"{self.path or '(document)'}: {self.message} - {self.remedy}"


@value
class Assumption:
    """Something that was not given and had to be assumed, told back with the plan."""

    what: str
    """The field, as in ``sessions[3].departure``."""
    value: str
    """What was taken, with its unit."""
    source: str
    """Why: a site default, a standard, a quantile of history."""
