"""Power given out inside limits: the room that limits leave (``room``, on ``discs``), and the rules by which it goes to
members (``rules``). Members are sessions of a plan, or EVSEs of a fail-safe."""
