"""OCPP smart charging: a plan as SetChargingProfile of 1.6, 2.0.1 and 2.1, and the rules that it must satisfy."""
