"""The policies of this process, by what they were made of: the same file or configuration is the same policy."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateline.config.load import load_data
from gateline.pipeline.build import build
from gateline.runtime.policy_file import PolicyFile
from gateline.runtime.reload import Reloader
from gateline.schema.secret import Sources
from kong_plugins.adapter.policy import Policy
from kong_plugins.adapter.reading import Reading
from kong_plugins.runtime import hub

# Kept as long as an instance uses them; Kong starts the new instance before it closes the old one.
_POLICIES: weakref.WeakValueDictionary[str, Policy] = weakref.WeakValueDictionary()
# A file that many policies name (keys, a pepper) changes for all of them at once: were all built at once, the loop
# would have to wait for all of them.
_ONE_AT_A_TIME = threading.Lock()


def of_file(path: str) -> Policy:
    """The policy of a gateway file, which is followed: a change takes effect, a bad one is refused and the old stays.

    Raises `ConfigError`. Secrets come from files alone: Kong starts a plugin server without its environment.
    """
    file = Path(path).absolute()
    return _shared(str(file), lambda: _watched(file))


def of_data(plugin: str, data: Mapping[str, Any], least: Reading) -> Policy:
    """The policy of a plugin's own configuration; raises `ConfigError`."""
    sources = Sources(Path.cwd(), None)
    key = f"{plugin}:{json.dumps(data, sort_keys=True)}"
    return _shared(key, lambda: Policy(load_data(data, plugin, {}, sources), least))


def _shared(key: str, make: Callable[[], Policy]) -> Policy:
    found = _POLICIES.get(key)
    if found is None:
        # Reading keys and tokens may take longer than the loop can wait.
        made = hub.in_pool(make)
        found = _POLICIES.setdefault(key, made)
    return found


def _watched(file: Path) -> Policy:
    source = PolicyFile(file, None)
    policy = Policy(source.read())
    reloader = Reloader(source, _apply(source, weakref.ref(policy)))
    reloader.start()
    weakref.finalize(policy, reloader.close)
    return policy


def _apply(source: PolicyFile, policy: weakref.ref[Policy]) -> Callable[[], str]:
    """What a reload does. It must not keep a policy alive that no instance uses any more."""

    def apply() -> str:
        with _ONE_AT_A_TIME:
            loaded = source.read()
            found = policy()
            if found is not None:
                found.install(loaded, build(loaded))
            return loaded.revision

    return apply
