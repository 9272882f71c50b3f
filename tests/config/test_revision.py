"""The revision is SHA-256 over the canonical model, however it is put together."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gateline.config.load import load
from tests.cli.sidecar import write_policy


def test_it_is_the_digest_of_the_whole_model_as_one_document(tmp_path: Path):
    loaded = load(write_policy(tmp_path, api_keys=[], tiers={"free": {"burst": 1}}), {})
    document = json.dumps(loaded.gateway.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    assert loaded.revision == hashlib.sha256(document.encode()).hexdigest()[:12]


def test_it_tells_policies_apart_and_not_files(tmp_path: Path):
    first = load(write_policy(tmp_path, api_keys=[]), {}).revision
    (tmp_path / "gateline.yaml").write_text("# a comment\n" + (tmp_path / "gateline.yaml").read_text())
    assert load(tmp_path / "gateline.yaml", {}).revision == first
    assert load(write_policy(tmp_path, api_keys=[], mode="shadow"), {}).revision != first
