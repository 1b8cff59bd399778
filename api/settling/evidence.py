"""The evidence of a settlement: what it was made from, what came out, and digests; the same bytes every time.

Nothing of the machine, the clock or the order of a folder gets in, so whoever has ``inputs/`` can make the rest again
and compare.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.settling.building import settlement_of
from api.settling.inputs import Inputs, Options, case_of
from api.settling.tables import TABLES, tables
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding

MANIFEST, SETTLEMENT = "manifest.json", "settlement.json"
_INPUTS = {
    "settling": "inputs/settling.json",
    "meter": "inputs/meter.csv",
    "sessions": "inputs/sessions.csv",
    "scenario": "inputs/scenario.json",
}
_OPTIONS = "inputs/options.json"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Of every file in an archive: the earliest that its format knows."""

Package = dict[str, bytes]


def package(inputs: Inputs, more: Mapping[str, bytes] | None = None) -> Package:
    """Files by name. ``more``: what else belongs to it, as plans and the audit trail. Raises InvalidScenario."""
    case = case_of(inputs)
    told = settlement_of(case)
    files = _input_files(inputs) | {
        SETTLEMENT: _json(told.model_dump(mode="json")),
        **tables(told, case),
    }
    files |= dict(more or {})
    return dict(sorted(files.items())) | {MANIFEST: _manifest(files)}


def inputs_of(files: Mapping[str, bytes]) -> Inputs:
    """What a package was made from. Raises InvalidScenario where it lacks something."""
    for needed in (_INPUTS["settling"], _INPUTS["meter"], _OPTIONS):
        if needed not in files:
            raise _refused(needed, "the package has no such file", "give a package as it was written")
    try:
        options = Options(**json.loads(files[_OPTIONS]))
    except (ValueError, TypeError) as unfit:
        raise _refused(_OPTIONS, f"it cannot be read: {unfit}", "give a package as it was written") from None
    return Inputs(
        settling=files[_INPUTS["settling"]],
        meter=files[_INPUTS["meter"]],
        sessions=files.get(_INPUTS["sessions"]),
        scenario=files.get(_INPUTS["scenario"]),
        options=options,
    )


def differences(files: Mapping[str, bytes]) -> list[str]:
    """Names of files that are not what the inputs of their package make again; empty where all of it holds."""
    ours = {*_INPUTS.values(), _OPTIONS, SETTLEMENT, *TABLES, MANIFEST}
    made = package(inputs_of(files), {name: content for name, content in files.items() if name not in ours})
    return sorted(name for name in made.keys() | files.keys() if made.get(name) != files.get(name))


def archive(files: Package) -> bytes:
    """One file of them: the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content)
    return out.getvalue()


def unpacked(path: Path) -> Package:
    """The files of a folder or of an archive. Raises InvalidScenario where there are none."""
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix != _PARQUET)
        return {one.relative_to(path).as_posix(): one.read_bytes() for one in found}
    try:
        with zipfile.ZipFile(path) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    except (OSError, zipfile.BadZipFile) as unread:
        remedy = "give a folder or an archive that `chargewright settle run --evidence` wrote"
        raise _refused(str(path), f"it cannot be read: {unread}", remedy) from None


_PARQUET = ".parquet"


def write_folder(files: Package, folder: Path, *, parquet: bool = False) -> None:
    """All files below a folder; ``parquet``: tables in that form as well, which needs the extra ``parquet``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if parquet and name in TABLES:
            _write_parquet(content, path.with_suffix(_PARQUET))


def _write_parquet(content: bytes, path: Path) -> None:
    import pandas

    try:
        pandas.read_csv(io.BytesIO(content)).to_parquet(path, index=False)
    except ImportError:
        remedy = "install chargewright[parquet], or take the CSV files"
        raise _refused("--parquet", "pyarrow is not installed", remedy) from None


def _input_files(inputs: Inputs) -> Package:
    told = {path: getattr(inputs, name) for name, path in _INPUTS.items()}
    return {path: content for path, content in told.items() if content is not None} | {_OPTIONS: inputs.options_json()}


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return _json({"sha256": {name: sha256(content).hexdigest() for name, content in sorted(files.items())}})


def _json(tree: Any) -> bytes:
    return (json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _refused(path: str, message: str, remedy: str) -> InvalidScenario:
    return InvalidScenario([Finding(path=path, message=message, remedy=remedy)])
