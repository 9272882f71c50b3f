"""Finds the modules of a package that are plug-ins: adding one is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import reduce
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Every module directly in a package, by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def union_of(package: ModuleType, discriminator: str) -> Any:
    """The discriminated union of every module's `Config`; a module's file stem is its tag."""
    configs = [module.Config for module in modules_of(package)]
    return Annotated[reduce(lambda a, b: a | b, configs), Field(discriminator=discriminator)]
