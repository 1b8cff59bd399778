"""Commands that are imported when they are asked for: what one command needs, no other one waits for."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "db": "api.commands.database:app",
    "day": "api.commands.day:day",
    "statement": "api.commands.statement:statement",
    "backtest": "api.commands.backtest:backtest",
    "data": "api.commands.data:app",
    "import": "api.commands.imports:app",
    "value": "api.commands.value:value",
    "keys": "api.commands.keys:app",
    "event-replay": "api.commands.event_replay:event_replay",
    "settle": "api.commands.settle:app",
    "signals": "api.commands.signals:app",
    "ocpi": "api.commands.ocpi:app",
    "commission": "api.commands.commission:app",
    "check-profile": "api.commands.profiles:check_profile",
    "orders": "api.commands.profiles:orders",
    "programme": "api.commands.programme:app",
    "nominate": "api.commands.programme:nominate",
    "ven": "api.commands.ven:app",
}
"""Name of each, and where it is: a group, or a function."""


class Later(TyperGroup):
    """A group whose commands are those that it was given, and those of a table."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        known = super().get_command(ctx, cmd_name)
        return known if known is not None or cmd_name not in COMMANDS else _made(cmd_name)


def _made(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    found: Any = getattr(import_module(module), attribute)
    alone = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return typer.main.get_group(alone).commands[name]
