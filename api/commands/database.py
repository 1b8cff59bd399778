"""``chargewright db``: the database of the service."""

from typing import Annotated

import typer

app = typer.Typer(help="The database of the service.", no_args_is_help=True)

Url = Annotated[str | None, typer.Option(help="Its address; CHARGEWRIGHT_DATABASE_URL or DATABASE_URL unless given.")]


@app.command()
def upgrade(url: Url = None) -> None:
    """Bring the database to the tables of this version; one that has them is left as it is."""
    from api.settings import ServiceSettings
    from api.store.migrating import upgrade as upgraded
    from api.store.opening import MEMORY
    from api.store.sql import engine_for

    address = url or ServiceSettings().database_url
    if address == MEMORY:
        raise typer.BadParameter("a store in memory has no tables to upgrade")
    engine = engine_for(address)
    try:
        upgraded(engine)
    finally:
        engine.dispose()
    typer.echo("the database has the tables of this version")
