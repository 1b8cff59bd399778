"""What an operator sets from outside: variables that start with ``CHARGEWRIGHT_``, and files."""

import os
from uuid import uuid4

from limits import parse
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.planning import DEADLINE_S, LONGEST_DEADLINE_S
from api.settings_files import PREFIX, OneValueFiles, SettingsFile

BYTES_PER_MEBIBYTE = 1 << 20


class ServiceSettings(BaseSettings):
    """Settings of the service."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, use_attribute_docstrings=True, populate_by_name=True
    )

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on; 0: one that is free."""
    insecure: bool = False
    """Answer everybody, without a key. Else the service does not start before there is one."""
    rate_limit: str = "1000/second"
    """How often a tenant may ask each replica: ``NUMBER/second``, ``/minute`` or ``/hour``."""
    database_url: str = Field(
        default="sqlite:///chargewright.db",
        validation_alias=AliasChoices("CHARGEWRIGHT_DATABASE_URL", "DATABASE_URL"),
    )
    """Where the service remembers: ``sqlite:///FILE``, ``postgresql://...`` for several replicas, ``memory:``."""
    max_body_bytes: int = Field(default=BYTES_PER_MEBIBYTE, ge=1)
    """Longest request body that is read. [bytes]"""
    deadline_s: float = Field(default=DEADLINE_S, gt=0, le=LONGEST_DEADLINE_S, allow_inf_nan=False)
    """Until there must be a plan, the best there is by then; a request may ask for a shorter one. [s]"""
    plans_by_itself: bool = True
    """Whether this replica plans sites when something happens and every few minutes."""
    sample: bool | None = None
    """Whether a site with simulated cars appears in a store without sites. None: where ``insecure`` is served."""
    page_idle_minutes: float = Field(default=30.0, ge=1.0, le=720.0)
    """After so long without a look, whoever signed in to the pages has to do it again. [min]"""
    keep_plans_days: float = Field(default=30.0, ge=1.0)
    """Plans, commands and what became of them. [days]"""
    keep_accounts_days: float = Field(default=800.0, ge=62.0)
    """What statements are made of: a tenth of the plans; two years and some weeks unless set. [days]"""
    keep_measurements_days: float = Field(default=62.0, ge=1.0)
    """Baselines look back 45 days from an event. [days]"""
    keep_sessions_days: float = Field(default=90.0, ge=1.0)
    """After they have left. [days]"""
    keep_events_days: float = Field(default=7.0, ge=1.0)
    """Of the stream of events. [days]"""
    webhook_allow: str = ""
    """Hosts and networks inside that webhooks may go to, with commas between them; all others have to be public."""
    peer_allow: str = ""
    """The same for utilities that connections lead to."""
    public_url: str = ""
    """Where utilities reach this service from outside, as in ``https://charging.example.com``."""
    secret_keys: SecretStr = SecretStr("")
    """Keys that passwords of utilities are kept with, commas between them: the first encrypts, all of them decrypt."""
    secrets_dir: str = ""
    """Folder with a folder for each tenant, in which are its secrets, one a file."""
    traces: bool = False
    """Send spans by OTLP over HTTP, as the ``OTEL_*`` variables say; needs the extra ``otel``."""
    replica: str = Field(default_factory=lambda: uuid4().hex[:12])
    """Name of this process among its replicas."""
    solves_at_once: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """A solve keeps one core busy; more requests wait."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options come before variables, these before files of one value, and those before the file of settings."""
        return init_settings, env_settings, OneValueFiles(settings_cls), SettingsFile(settings_cls)

    @field_validator("rate_limit")
    @classmethod
    def _is_a_rate(cls, told: str) -> str:
        parse(told)
        return told
