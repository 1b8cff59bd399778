"""Goal (3): which of the plans that cost the same. What is missing is shared, then energy comes early."""

from optimizer.manners.early import early
from optimizer.manners.face import on_optimal_face
from optimizer.manners.sharing import shared_equally, with_shares

__all__ = ["early", "on_optimal_face", "shared_equally", "with_shares"]
