"""Compiles a gateway to an Envoy configuration.

The typed xDS builder takes seconds to import and is an optional dependency, so it is imported on use.
"""

from __future__ import annotations

from typing import Any

from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.plan import plan
from gateline.config.load import Loaded

__all__ = ["EnvoyOptions", "compile_envoy", "render_yaml"]


def compile_envoy(loaded: Loaded, options: EnvoyOptions | None = None) -> dict[str, Any]:
    """Envoy's bootstrap as plain data, the same for the same input; `json.dumps` of it is a file that Envoy reads.

    `ConfigError` names the line of what Envoy cannot do. Needs the extra `gateline[envoy]`.
    """
    try:
        from gateline.compile.envoy.bootstrap import bootstrap  # noqa: PLC0415  # see above
    except ModuleNotFoundError as error:
        raise ImportError("compiling to Envoy needs its types: pip install 'gateline[envoy]'") from error
    return bootstrap(plan(loaded), options or EnvoyOptions())


def render_yaml(loaded: Loaded, options: EnvoyOptions | None = None) -> str:
    """The same as YAML that is meant to be read, with comments."""
    from gateline.compile.envoy.yaml_text import render  # noqa: PLC0415  # see above

    return render(compile_envoy(loaded, options), loaded)
