"""Messages from stations as events of the domain: pure, tolerant, and every oddity is a defect that is told.

``translate`` is the face; ``reading`` takes single values, ``meter`` sampled values of every version, ``needs`` what
vehicles ask for, ``limits`` what others limit, ``v16`` and ``v2x`` know the messages of their versions.
"""

from models.ocpp.inbound.answers import composite_steps, transaction_named
from models.ocpp.inbound.translate import Inbound, translate

__all__ = ["Inbound", "composite_steps", "transaction_named", "translate"]
