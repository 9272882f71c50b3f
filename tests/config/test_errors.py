"""Every fault of a gateway file names its line, its path and the way out; nothing is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.config.gateway import Gateway
from gateline.config.load import load, load_data, load_text
from gateline.schema.secret import SourceError, Sources
from gateline.values.errors import ConfigError

NAMES = [
    "name",
    "method",
    "jwt",
    "audience",
    "issuer",
    "keys",
    "id",
    "path",
    "servers",
    "burst",
    "exact",
    "scopes",
    "all",
]


def children(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)


HERE = Sources(Path("/nowhere"), {})
HEAD = "version: 1\nauthentication:\n  - {name: keys, method: api_key}\n"


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(text, "g.yaml", HERE)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "g.yaml:1: is empty"),
        ("version: [1\n", "g.yaml:2: is not YAML"),
        ("version: 2\n", "g.yaml:1: version must be 1"),
        ("routes: []\n", "g.yaml:1: version is missing"),
        ("version: 1\nversion: 1\n", "g.yaml:2: version stands here twice"),
        ("version: 1\nrutes: []\n", "g.yaml:2: rutes is not a known field; did you mean `routes`?"),
        ("version: 1\nmode: !!python/name:os.system x\n", "g.yaml:2: mode has the tag"),
        ("version: 1\n? [a]\n: 1\n", "has a key that is not text"),
        ("version: 1\nmode: shadowy\n", "g.yaml:2: mode must be enforce, shadow; did you mean `shadow`?"),
        ("version: 1\ntrusted_hops: -1\n", "g.yaml:2: trusted_hops must be ≥ 0"),
        ("version: 1\ntrusted_hops: one\n", "g.yaml:2: trusted_hops must be a whole number"),
        ("version: 1\nstore: {redis: http://x}\n", "g.yaml:2: store"),
        ("version: 1\nbudgets: {store_ms: 200}\n", "g.yaml:2: budgets"),
        ("version: 1\nroutes: {}\n", "g.yaml:2: routes must be a list"),
        (HEAD + "routes:\n  - {id: a}\n", "g.yaml:5: routes[0].path is missing"),
        (HEAD + "routes:\n  - id: a\n    path: v1\n", "g.yaml:6: routes[0].path must match ^/"),
        (HEAD + "routes:\n  - {id: a, path: /v1/}\n", "routes[0].path ends in a slash: write /v1"),
        (HEAD + "routes:\n  - {id: a, path: /v1//x}\n", "routes[0].path is not in normal form (doubled at 3)"),
        (HEAD + "routes:\n  - {id: a, path: /v1, methods: []}\n", "routes[0].methods must not be empty"),
        (HEAD + "routes:\n  - {id: a, path: /v1, methods: [get]}\n", "routes[0].methods[0] must match"),
        (HEAD + "routes:\n  - {id: a, path: /v1, hosts: ['a b']}\n", "routes[0].hosts[0] must match"),
        (HEAD + "routes:\n  - {id: a b, path: /v1}\n", "routes[0].id must match"),
        (
            HEAD + "routes:\n  - {id: a, path: /v1, rate_limit: {burst: 0}}\n",
            "g.yaml:5: routes[0].rate_limit.burst must be ≥ 1",
        ),
        (
            HEAD + "routes:\n  - id: a\n    path: /v1\n    rate_limit:\n      brust: 1\n",
            "g.yaml:8: routes[0].rate_limit.brust is not a known field; did you mean `burst`?",
        ),
        (
            HEAD + "routes:\n  - {id: a, path: /v1, cache: {enabled: true}}\n",
            "routes[0].cache.enabled is not built yet",
        ),
        (
            HEAD + "routes:\n  - {id: a, path: /a}\n  - {id: a, path: /b}\n",
            "g.yaml:6: routes[1].id is taken: `a`",
        ),
        (
            HEAD + "routes:\n  - {id: a, path: /a}\n  - {id: b, path: /a}\n",
            "g.yaml:6: routes[1] matches the same GET requests as route a",
        ),
        (
            HEAD + "upstreams: [{id: users, servers: ['h:1']}]\nroutes:\n  - {id: a, path: /a, upstream_id: user}\n",
            "g.yaml:6: routes[0].upstream_id names no upstream: `user`; did you mean `users`?",
        ),
        (HEAD + "upstreams: [{id: users, servers: []}]\n", "g.yaml:4: upstreams[0].servers must not be empty"),
        (HEAD + "upstreams: [{id: users, servers: [nohost]}]\n", "g.yaml:4: upstreams[0].servers[0] must match"),
        (
            HEAD + "routes:\n  - {id: a, path: /a, authentication: {any_of: [kees]}}\n",
            "g.yaml:5: routes[0].authentication.any_of[0] names no method: `kees`; did you mean `keys`?",
        ),
        ("version: 1\nroutes: [{id: a, path: /a}]\n", "g.yaml:2: routes[0].auth_required needs a method"),
        (
            HEAD + "routes:\n  - {id: a, path: /a, auth_required: false, authorization: {scopes: {all: [x]}}}\n",
            "g.yaml:5: routes[0].authorization needs an identity",
        ),
        (
            HEAD + "routes:\n  - {id: a, path: /a, authorization: {scopes: {}}}\n",
            "g.yaml:5: routes[0].authorization.scopes names no scope",
        ),
        (
            "version: 1\nauthentication:\n  - {name: a, method: jwt, issuer: i, keys: {jwks_file: j}, audience: []}\n",
            "g.yaml:3: authentication[0].audience must not be empty",
        ),
        ("version: 1\nauthentication: [{name: a, method: apikey}]\n", "authentication[0] method must be"),
        ("version: 1\nauthentication: [{name: a}]\n", "authentication[0] needs the field 'method'"),
        (HEAD + "api_keys: {file: nothing.yaml}\n", "g.yaml:4: api_keys.file can't read /nowhere/nothing.yaml"),
        (HEAD + "api_keys: [{id: a, prefix: aaaaaaaa, key: clear, user_id: u}]\n", "api_keys[0].key must match"),
    ],
)
def test_the_fault_is_named(text: str, expected: str) -> None:
    found = faults(text)
    assert any(expected in fault for fault in found), found


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    found = faults(HEAD + "mode: x\nroutes:\n  - {id: a, path: b}\n  - {id: c, path: /c, timeout: 0}\n")
    assert [fault.split(" ")[0] for fault in found] == ["g.yaml:4:", "g.yaml:6:", "g.yaml:7:"]


def test_an_alias_that_grows_without_bound_is_refused() -> None:
    lines = ["version: 1", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "is too large or too deep" in faults("\n".join(lines))[0]


def test_a_value_is_read_as_yaml_1_2_has_it() -> None:
    loaded = load_text("version: 1\ndecision_log: {level: off}\nnamespace: no\n", "g.yaml", HERE)
    assert loaded.gateway.decision_log.level == "off"
    assert loaded.gateway.namespace == "no"


def test_a_file_that_cannot_be_read_is_a_fault_of_that_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: can't be read: No such file"):
        load(tmp_path / "gone.yaml", {})
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8"):
        load(tmp_path / "bytes.yaml", {})


def test_a_fault_in_a_file_of_keys_names_that_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "keys.yaml").write_text("- {id: a, prefix: aaaaaaaa, user_id: u,\n   key: 'blake2b-256:zz'}\n")
    (tmp_path / "g.yaml").write_text(HEAD + "api_keys: {file: keys.yaml}\n")
    with pytest.raises(ConfigError, match=r"keys\.yaml:2: \[0\]\.key must match"):
        load(tmp_path / "g.yaml", {})


def test_a_place_is_that_of_the_nearest_line_above() -> None:
    loaded = load_text(HEAD + "routes:\n  - id: a\n    path: /a\n", "g.yaml", HERE)
    assert loaded.place(("routes", 0, "path")) == "g.yaml:6"
    assert loaded.place(("routes", 0, "authentication")) == "g.yaml:5"


def test_the_revision_changes_with_the_policy_and_with_its_keys_alone(tmp_path: Path) -> None:
    def revision(text: str, keys: str = "[]") -> str:
        (tmp_path / "keys.yaml").write_text(keys)
        return load_text(text, "g.yaml", Sources(tmp_path, {})).revision

    first = revision(HEAD + "api_keys: {file: keys.yaml}\n")
    assert first == revision("# a comment\n" + HEAD + "api_keys: {file: keys.yaml}\n")
    assert len(first) == 12
    key = f"[{{id: a, prefix: aaaaaaaa, user_id: u, key: 'blake2b-256:{'0' * 64}'}}]"
    assert first != revision(HEAD + "api_keys: {file: keys.yaml}\n", key)
    assert first != revision(HEAD + "trusted_hops: 1\napi_keys: {file: keys.yaml}\n")


def test_secrets_come_from_files_and_variables_and_are_never_shown(tmp_path: Path) -> None:
    from gateline.schema.secret import SecretFromEnv, SecretFromFile

    (tmp_path / "pepper").write_bytes(b"s3cret\n")
    sources = Sources(tmp_path, {"PEPPER": "s3cret"})
    assert sources.secret(SecretFromFile(file="pepper")) == b"s3cret"
    assert sources.secret(SecretFromEnv(env="PEPPER")) == b"s3cret"
    assert "s3cret" not in repr(sources)
    for secret, message in (
        (SecretFromEnv(env="NOTHING"), r"\$NOTHING is empty or not set"),
        (SecretFromFile(file="peper"), "did you mean pepper"),
    ):
        with pytest.raises(SourceError, match=message):
            sources.secret(secret)
    with pytest.raises(SourceError, match="Kong starts a plugin server without its environment"):
        Sources(tmp_path, None).secret(SecretFromEnv(env="PEPPER"))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), children, max_leaves=12))
def test_what_is_refused_says_why(value: object) -> None:
    """Whatever stands in a place, a refusal is never without a fault."""
    silent = []
    for field in Gateway.model_fields:
        try:
            load_data({"version": 1, field: value}, "g.yaml", {}, HERE)
        except ConfigError as error:
            silent += [] if error.faults else [field]
    assert silent == []
