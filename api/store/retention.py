"""What is forgotten, and when. The audit trail never is."""

from datetime import datetime, timedelta

from api.settings import ServiceSettings
from api.store.port import Store
from api.store.records import Kind

ANSWERS_DAYS = 1.0
"""As long as an Idempotency-Key is kept; no visit to the pages lasts so long."""


def forget_old(store: Store, settings: ServiceSettings, now: datetime) -> dict[str, int]:
    """How many of each kind were dropped. Raises StoreError."""
    days = {
        Kind.ANSWER: ANSWERS_DAYS,
        Kind.LATER: ANSWERS_DAYS,
        Kind.VISIT: ANSWERS_DAYS,
        Kind.MEASUREMENT: settings.keep_measurements_days,
        Kind.PLAN: settings.keep_plans_days,
        Kind.EXPLANATION: settings.keep_plans_days,
        Kind.ACCOUNT: settings.keep_accounts_days,
        Kind.COMMAND: settings.keep_plans_days,
        Kind.ACKNOWLEDGEMENT: settings.keep_plans_days,
        Kind.FOLLOWED: settings.keep_plans_days,
        Kind.EVENT: settings.keep_events_days,
        Kind.ALARM: settings.keep_plans_days,
        Kind.CONFIRMATION: settings.keep_events_days,
        Kind.CONFIRMED: settings.keep_events_days,
        Kind.PAST_SESSION: settings.keep_sessions_days,
        Kind.OCPI_ASKED: ANSWERS_DAYS,
        Kind.OCPI_STEERED: settings.keep_sessions_days,
        Kind.OCPI_SESSION: settings.keep_sessions_days,
    }
    dropped = {}
    for kind, kept_days in days.items():
        with store.begin(now) as unit:
            dropped[str(kind)] = unit.forget(kind, now - timedelta(days=kept_days))
    return dropped
