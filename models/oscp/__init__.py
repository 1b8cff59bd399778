"""OSCP 2.0, Open Smart Charging Protocol, as a flexibility provider: messages, what they limit, answers; all pure."""
