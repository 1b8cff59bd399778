"""What a station tells of its smart charging, in keys of 1.6 or variables of 2.x, and what is known of its make.

``values`` reads one value tolerantly, ``keys`` knows the names of every version, ``quirks`` what certain models get
wrong, and ``capability`` puts it together.
"""

from models.ocpp.station.capability import Capability, Identity, capability
from models.ocpp.station.quirks import QUIRKS, Quirk

__all__ = ["QUIRKS", "Capability", "Identity", "Quirk", "capability"]
