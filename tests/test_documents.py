"""Documents that say what the code says are compared with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateline.cli.main import COMMANDS
from gateline.runtime.exposition import FAMILIES
from gateline.values.codes import CODES

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
MARKDOWN = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_table_of_errors_is_the_one_in_the_code():
    text = (ROOT / "docs" / "errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| ([^|]+?) \|", text, re.MULTILINE)
    assert [(code, int(status), int(grpc), title) for code, status, grpc, title in rows] == [
        (code, row.status, row.grpc_status, row.title) for code, row in CODES.items()
    ]


def test_every_metric_is_described():
    text = (ROOT / "docs" / "operations.md").read_text()
    assert [name for name in FAMILIES if f"`{name}`" not in text] == []


def test_the_readme_fits_a_screen_and_names_every_command():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 90
    assert [name for name in COMMANDS if f"gateline {name}" not in text and f"make {name}" not in text] == []


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path):
    broken = [link for link in _LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert broken == []
