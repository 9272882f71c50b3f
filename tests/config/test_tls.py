"""The `tls` blocks: what is taken, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.config.tls import Tls, UpstreamTls
from gateline.config.upstream import Upstream

SHOWN = {"certificates": [{"certificate_file": "a.pem", "key_file": "a.key"}]}
MINIMUM = {"minimum_version": 1.2}


def test_a_certificate_is_enough_and_versions_need_no_quotes() -> None:
    assert Tls.model_validate(SHOWN).client_certificates == "none"
    assert Tls.model_validate({**SHOWN, **MINIMUM}).minimum_version == "1.2"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"certificates": []}, "at least 1 item"),
        ({**SHOWN, "minimum_version": 1.1}, "'1.2' or '1.3'"),
        ({**SHOWN, "client_ca_file": "ca.pem"}, "asks no client"),
        ({**SHOWN, "client_certificates": "required"}, "give client_ca_file"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Tls.model_validate(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [({"key_file": "a.key"}, "give both"), ({"sni": "127.0.0.1"}, "pattern"), ({"sni": "a..b"}, "pattern")],
)
def test_what_no_service_can_be_asked_by_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        UpstreamTls.model_validate(given)


def test_plain_http_has_no_tls() -> None:
    with pytest.raises(ValidationError, match="write https"):
        Upstream.model_validate({"id": "a", "servers": ["a:80"], "tls": {}})
    assert Upstream.model_validate({"id": "a", "protocol": "grpc", "servers": ["a:80"], "tls": {}}).encrypted
