"""``chargewright statement``: what the plans of a month came to."""

import re
from pathlib import Path
from typing import Annotated

import typer


def statement(
    site: Annotated[str, typer.Argument(help="Its id.")],
    month: Annotated[str, typer.Argument(help="Of the site's clock, as 2026-10.")],
    tenant: Annotated[str, typer.Option(help="Whose site it is.")] = "default",
    csv: Annotated[Path | None, typer.Option(help="Write a table here instead; - for standard output.")] = None,
) -> None:
    """Print the statement of a site's month as JSON, or as CSV: read from the service's database."""
    from api.service import utc_now
    from api.settings import ServiceSettings
    from api.sites.keeping import Desk
    from api.sites.statement_csv import statement_csv
    from api.sites.statements import monthly
    from api.store.opening import open_store

    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise typer.BadParameter(f"MONTH: {month} is no month; write it as 2026-10")
    store = open_store(ServiceSettings().database_url)
    try:
        with store.view() as unit:
            told = monthly(Desk(unit, tenant, site, ""), month, utc_now())
    finally:
        store.close()
    if csv is None:
        typer.echo(told.model_dump_json(indent=2))
    elif str(csv) == "-":
        typer.echo(statement_csv(told), nl=False)
    else:
        csv.write_bytes(statement_csv(told).encode())
