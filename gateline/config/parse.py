"""YAML 1.2's core schema to plain data, with the line of every value.

Plain YAML only: no tags, no merge keys, no duplicate keys, and bounded in nodes (an alias counts each time it is used).
It is read event by event, so that a long file never keeps the interpreter to itself, nor leaves a tree of nodes behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from gateline.config.lines import Lines
from gateline.config.release import released
from gateline.config.scalar import scalar
from gateline.values.errors import ConfigError, Fault

MAX_NODES = 2_000_000
MAX_DEPTH = 64
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS = {yaml.MappingStartEvent: "tag:yaml.org,2002:map", yaml.SequenceStartEvent: "tag:yaml.org,2002:seq"}
More = Callable[[], Any]


def parse(text: str, file: str) -> tuple[Any, Lines]:
    """The document's data, and the lines (from 1) of all its values."""
    reader = _Reader(file)

    def read() -> tuple[Any, Lines]:
        try:
            return reader.document(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            raise ConfigError([Fault((), f"is not YAML: {error.problem}", line, file)]) from error
        except yaml.YAMLError as error:
            raise ConfigError([Fault((), f"is not YAML: {error}", 0, file)]) from error

    return released(reader.open, read)


class _Reader:
    """Reads one document. In `open` stands what has begun and not ended, also when it raises."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._anchors: dict[str, list[Any]] = {}
        self._path: list[str | int] = []
        self._nodes = 0
        self.open: list[Any] = []

    def document(self, text: str) -> tuple[Any, Lines]:
        """The only document of a text."""
        more = _LOADER(text).get_event
        more()
        if isinstance(more(), yaml.StreamEndEvent):
            raise ConfigError([Fault((), "is empty", 1, self._file)])
        value, lines = self._value(more(), more)
        more()
        if not isinstance(another := more(), yaml.StreamEndEvent):
            raise _not_yaml("but found another document", another)
        return value, lines if isinstance(lines, dict) else {None: lines}

    def _value(self, event: Any, more: More, line: int = 0) -> tuple[Any, int | Lines]:
        """The value that begins with `event`, and its lines; it begins there itself where `line` is 0."""
        if isinstance(event, yaml.AliasEvent):
            again = iter(self._anchored(event)).__next__
            return self._value(again(), again, line)
        if event.anchor is not None:
            return self._kept(event, more, line)
        line = line or event.start_mark.line + 1
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._path) > MAX_DEPTH:
            raise self._error(event, "is too large or too deep")
        tag = None if event.tag == "!" else event.tag
        if isinstance(event, yaml.ScalarEvent):
            try:
                return scalar(event.value, tag, plain=event.implicit[0]), line
            except ValueError as error:
                raise self._error(event, str(error)) from error
        if tag not in (None, _TAGS[type(event)]):
            raise self._error(event, f"has the tag {tag}: plain YAML only")
        lines: Lines = {None: line}
        data: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.open += (data, lines)
        (self._mapping if isinstance(data, dict) else self._sequence)(data, lines, more)
        del self.open[-2:]
        return data, lines

    def _mapping(self, data: dict[str, Any], lines: Lines, more: More) -> None:
        while not isinstance(event := more(), yaml.MappingEndEvent):
            name = self._key(event)
            key = name.value
            self._path.append(key)
            if key in data:
                raise self._error(name, "stands here twice")
            data[key], lines[key] = self._value(more(), more, name.start_mark.line + 1)
            self._path.pop()

    def _sequence(self, data: list[Any], lines: Lines, more: More) -> None:
        while not isinstance(event := more(), yaml.SequenceEndEvent):
            index = len(data)
            self._path.append(index)
            value, lines[index] = self._value(event, more)
            data.append(value)
            self._path.pop()

    def _key(self, event: Any) -> Any:
        """The scalar that a key is."""
        if isinstance(event, yaml.AliasEvent):
            event = self._anchored(event)[0]
        elif event.anchor is not None:
            self._anchors[self._named(event)] = [event]
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, "has a key that is not text")
        return event

    def _kept(self, event: Any, more: More, line: int) -> tuple[Any, int | Lines]:
        """The value of an anchor: its events are kept for its aliases."""
        anchor, events = self._named(event), [event]

        def and_keep() -> Any:
            events.append(more())
            return events[-1]

        found = self._value(event, and_keep, line)
        self._anchors[anchor] = events
        return found

    def _named(self, event: Any) -> str:
        """The anchor of an event, which has it no longer: it may come again."""
        anchor, event.anchor = event.anchor, None
        if anchor in self._anchors:
            raise _not_yaml("second occurrence", event)
        return str(anchor)

    def _anchored(self, alias: Any) -> list[Any]:
        if alias.anchor not in self._anchors:
            raise _not_yaml("found undefined alias", alias)
        return self._anchors[alias.anchor]

    def _error(self, event: Any, message: str) -> ConfigError:
        return ConfigError([Fault(tuple(self._path), message, event.start_mark.line + 1, self._file)])


def _not_yaml(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, event.start_mark)
