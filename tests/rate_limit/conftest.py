"""The Valkey of the stores' tests."""

from tests.stores.conftest import shared_valkey

__all__ = ["shared_valkey"]
