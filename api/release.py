"""Which release of this project runs."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The installed version; a checkout that was never installed has none."""
    try:
        return version("chargewright")
    except PackageNotFoundError:
        return "0.0.0+checkout"
