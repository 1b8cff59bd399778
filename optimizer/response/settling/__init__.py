"""What an event is paid: what was delivered, each kWh once, in cents that add up.

``delivering`` measures, ``paid_once`` divides between programmes, ``money`` makes amounts, ``settle`` brings them
together.
"""

from optimizer.response.settling.delivering import Delivered, Meters
from optimizer.response.settling.money import Amounts
from optimizer.response.settling.settle import Capacity, Settled, Statement, settle

__all__ = ["Amounts", "Capacity", "Delivered", "Meters", "Settled", "Statement", "settle"]
