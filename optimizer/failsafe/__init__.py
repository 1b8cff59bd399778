"""What holds at a site when nobody steers it: shares that all EVSEs may draw at once, for ever.

``shares`` works them out, ``turns`` lets them take turns during the day.
"""

from optimizer.failsafe.shares import fail_safe_shares, shares

__all__ = ["fail_safe_shares", "shares"]
