"""Instances go when Kong closes them, when another process does, and when nobody uses them for long."""

from pathlib import Path
from typing import Any

from kong_plugins.runtime.instances import Instance, Instances
from kong_plugins.runtime.shared_table import SharedTable

PLUGIN: Any = None


def test_an_idle_instance_is_forgotten() -> None:
    """Kong never closes that of a plugin which was removed from its configuration."""
    instances = Instances(idle_s=60, shared=None)
    instances.add(Instance(1, PLUGIN, None))
    instances.add(Instance(2, PLUGIN, None, used_s=-1e9))
    instances.sweep()
    assert (instances.get(1) is not None, instances.get(2)) == (True, None)


def test_closing_tells_whether_it_was_known() -> None:
    """Twice is not an error of ours."""
    instances = Instances(idle_s=60, shared=None)
    instances.add(Instance(1, PLUGIN, None))
    assert (instances.close(1), instances.close(1)) == (True, False)


def test_processes_find_and_close_each_others_instances(tmp_path: Path) -> None:
    """What one publishes the other finds; what one closes is gone in both after a sweep."""
    one = Instances(idle_s=60, shared=SharedTable(tmp_path))
    two = Instances(idle_s=60, shared=SharedTable(tmp_path))
    one.publish(7, "p", '{"a": "\udcff"}')
    one.add(Instance(7, PLUGIN, None))
    assert two.elsewhere(7) == ("p", '{"a": "\udcff"}')
    assert two.elsewhere(8) is None
    two.add(Instance(7, PLUGIN, None))
    two.sweep()
    assert two.get(7) is not None
    assert one.close(7)
    two.sweep()
    assert (two.get(7), two.elsewhere(7)) == (None, None)
