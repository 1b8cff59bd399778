"""``chargewright keys``: who may call the service, and for what."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.security.keys import ApiKey
    from api.store.port import Unit

app = typer.Typer(help="API keys of the service.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Its id, as list shows it.")]
CALLER_SCOPES = ["plan:read", "plan:write"]


@app.command()
def create(
    tenant: Annotated[str, typer.Option(help="Whose sites it is for: lower case letters, digits and dashes.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="plan:read, plan:write, signal:write, admin, page:read or page:control; several times."),
    ] = None,
    days: Annotated[float | None, typer.Option(min=0.001, help="How long it works; without, until revoked.")] = None,
    label: Annotated[str, typer.Option(help="Whose it is, for people.")] = "",
) -> None:
    """Make a key for a tenant. It is shown once; only its hash is kept."""
    from api.security.keys import TENANT, Scope
    from api.security.keys import create as created

    if not TENANT.fullmatch(tenant):
        raise typer.BadParameter("--tenant: lower case letters, digits and dashes, at most 63")
    asked = scope or CALLER_SCOPES
    if unknown := [one for one in asked if one not in list(Scope)]:
        raise typer.BadParameter(f"--scope: {unknown[0]} is none of {', '.join(Scope)}")
    with _writing() as (unit, now):
        end = now + timedelta(days=days) if days else None
        key, text = created(unit, now, tenant, [Scope(one) for one in asked], expires_at=end, label=label)
    typer.echo(_line(key, now), err=True)
    typer.echo(text)


@app.command("encryption-key")
def encryption_key() -> None:
    """Print a new key for CHARGEWRIGHT_SECRET_KEYS, with which passwords of utilities are kept."""
    from api.connections.secrets import new_key

    typer.echo(new_key())


@app.command("list")
def list_keys() -> None:
    """Show all keys, without their secrets."""
    from api.security.keys import listed

    with _writing() as (unit, now):
        for key in listed(unit):
            typer.echo(_line(key, now))


@app.command()
def revoke(key: KeyId) -> None:
    """Let a key work no more, from now on."""
    from api.security.keys import revoke as revoked

    with _writing() as (unit, now):
        typer.echo(_line(revoked(unit, key, now), now))


@app.command()
def rotate(
    key: KeyId,
    overlap_hours: Annotated[float, typer.Option(min=0.0, help="How long the old one goes on working.")] = 24.0,
) -> None:
    """Make a key in place of another one, with its tenant and scopes. It is shown once."""
    from api.security.keys import rotate as rotated

    with _writing() as (unit, now):
        fresh, text = rotated(unit, key, now, overlap_h=overlap_hours)
    typer.echo(_line(fresh, now), err=True)
    typer.echo(text)


@contextmanager
def _writing() -> "Iterator[tuple[Unit, datetime]]":
    from api.service import utc_now
    from api.settings import ServiceSettings
    from api.store.opening import open_store

    store, now = open_store(ServiceSettings().database_url), utc_now()
    try:
        with store.begin(now) as unit:
            yield unit, now
    finally:
        store.close()


def _line(key: "ApiKey", now: datetime) -> str:
    until = f"until {key.expires_at:%Y-%m-%d %H:%M}Z" if key.expires_at else "until revoked"
    standing = until if key.works(now) else "works no more"
    return f"{key.id}  {key.tenant}  {' '.join(key.scopes)}  {standing}  {key.label}".rstrip()
