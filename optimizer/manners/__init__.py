"""Goal (3): which of the plans that cost the same. What is missing is shared, then setpoints stay, then come early."""

from optimizer.manners.closeness import whole
from optimizer.manners.face import on_optimal_face
from optimizer.manners.preference import preference, with_preferences
from optimizer.manners.sharing import shared_equally, wishes_of

__all__ = ["on_optimal_face", "preference", "shared_equally", "whole", "wishes_of", "with_preferences"]
