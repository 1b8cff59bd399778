"""What a station can take, from what it told and what is known of its make; every oddity is a defect that is named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.sending import Feature
from models.domain.site import RateUnit, Station
from models.ocpp.capabilities import FEWEST_MAX_PERIODS
from models.ocpp.profile import Version
from models.ocpp.station.keys import values_of
from models.ocpp.station.quirks import QUIRKS, Quirk
from models.ocpp.station.values import rate_units, truth, unknown_units, whole, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What BootNotification said."""

    station_id: str
    vendor: str = ""
    model: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What a station can take; None where it told nothing and nothing is known."""

    station_id: str
    rate_units: tuple[RateUnit, ...] | None = None
    max_periods: int | None = None
    max_stack_level: int | None = None
    max_profiles: int | None = None
    phase_switching: bool | None = None
    update_rate_limit_s: int | None = None
    reserved_ids_up_to: int = 0
    """MaxExternalConstraintsId: ids of profiles that are not a CSMS's to give."""
    smart_charging: bool = True
    """False: it told that smart charging is not there, or switched off."""
    features: tuple[str, ...] = ()
    """``dynamic_profiles``, ``limit_at_soc``, ``randomized_delay``, ``use_local_time``, ``evse_sleep``, ``v2x``."""
    additional_purposes: tuple[str, ...] = ()
    operation_modes: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    """What could not be read or is known to be wrong."""

    @property
    def station(self) -> Station:
        """As it stands in a scenario."""
        return Station(
            id=self.station_id,
            rate_units=self.rate_units,
            max_periods=self.max_periods,
            max_stack_level=self.max_stack_level,
            max_profiles=self.max_profiles or None,
            takes_setpoints="v2x" in self.features and "CentralSetpoint" in self.operation_modes,
            features=tuple(feature for feature in Feature if self._has(feature)),
            update_interval_s=self.update_rate_limit_s,
            reserved_ids_up_to=self.reserved_ids_up_to,
        )

    def _has(self, feature: Feature) -> bool:
        """Whether it told a feature of a scenario's station, among its features, its purposes or by itself."""
        if feature is Feature.PHASE_SWITCHING:
            return bool(self.phase_switching)
        return feature in self.features or _PURPOSES.get(feature) in self.additional_purposes


_PURPOSES = {Feature.PRIORITY_CHARGING: "PriorityCharging", Feature.LOCAL_GENERATION: "LocalGeneration"}
FEATURES = ("dynamic_profiles", "limit_at_soc", "randomized_delay", "use_local_time", "evse_sleep")


def capability(identity: Identity, version: Version, answer: Mapping[str, Any]) -> Capability:
    """From the answer of GetConfiguration (1.6), GetVariables or a NotifyReport (2.x), and the table of quirks.

    Never raises: what cannot be read counts as not told, and is a defect.
    """
    told = values_of(version, answer)
    known = [quirk for quirk in QUIRKS if quirk.fits(identity.vendor, identity.model, identity.firmware)]
    numbers = {name: whole(told[name]) for name in _NUMBERS if name in told}
    return Capability(
        station_id=identity.station_id,
        rate_units=_first([q.rate_units for q in known], rate_units(told.get("rate_units", ""))),
        max_periods=_first([q.max_periods for q in known], numbers.get("max_periods") or None),
        max_stack_level=_first([q.max_stack_level for q in known], numbers.get("max_stack_level")),
        max_profiles=numbers.get("max_profiles"),
        phase_switching=truth(told.get("phase_switching", "")),
        update_rate_limit_s=numbers.get("update_rate_limit_s"),
        reserved_ids_up_to=numbers.get("reserved_ids_up_to") or 0,
        smart_charging=all(truth(told.get(name, "")) is not False for name in ("available", "enabled")),
        features=tuple(_features(told)),
        additional_purposes=words(told.get("additional_purposes", "")),
        operation_modes=words(told.get("operation_modes", "")),
        defects=tuple(_defects(told, known)),
    )


_NUMBERS = ("max_periods", "max_stack_level", "max_profiles", "update_rate_limit_s", "reserved_ids_up_to")


def _features(told: Mapping[str, str]) -> Iterator[str]:
    yield from (name for name in FEATURES if truth(told.get(name, "")))
    if truth(told.get("v2x_available", "")) and truth(told.get("v2x_enabled", "")) is not False:
        yield "v2x"


def _defects(told: Mapping[str, str], known: list[Quirk]) -> Iterator[str]:
    for name in _NUMBERS:
        if name in told and whole(told[name]) is None:
            yield f"{name} is {told[name]!r}, which is no number; taken as not told"
    if told.get("max_periods") is not None and whole(told["max_periods"]) == 0:
        yield f"max_periods is 0; {FEWEST_MAX_PERIODS} are sent at most"
    if "rate_units" in told:
        yield from (f"{word!r} is no unit" for word in unknown_units(told["rate_units"]))
    yield from (f"known of this make: {quirk.note} ({quirk.source})" for quirk in known)


def _first(overrides: list[Any], otherwise: Any) -> Any:
    """What the table knows comes before what the station told."""
    return next((override for override in overrides if override is not None), otherwise)
