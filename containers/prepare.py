"""What `docker compose up` needs beside the tree, made on this machine in `.gateline/`: `python containers/prepare.py`.

Keys of the demo, a CA with a certificate for Kong and one for a service, `kong.yml` with that CA in it, the policy with
the addresses of the compose file, and Envoy's configuration for it. Nothing is made anew that is there already.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateline.compile.envoy import EnvoyOptions, render_yaml
from gateline.config.load import load_text
from gateline.demo.keys import make_missing
from gateline.schema.secret import Sources

ROOT = Path(__file__).resolve().parents[1]
MADE = ROOT / ".gateline"
PKI = MADE / "pki"
CA_MARK = '"@GATELINE_DEMO_CA@"'
DAYS = 3650


def main() -> None:
    """Make what is missing."""
    make_missing(ROOT / "gateline.yaml")
    if not (PKI / "ca.pem").exists():
        make_pki()
    write_kong()
    write_policy()


def write_kong() -> None:
    """`kong.yml` with the CA as a block in the place of its mark."""
    text = (ROOT / "kong.yml").read_text(encoding="utf-8")
    pem = (PKI / "ca.pem").read_text(encoding="ascii")
    block = "|\n" + "".join(f"      {line}\n" for line in pem.splitlines())
    if CA_MARK not in text:
        raise SystemExit(f"kong.yml holds no {CA_MARK}")
    (MADE / "kong.yml").write_text(text.replace(f"{CA_MARK}\n", block), encoding="utf-8")


def write_policy() -> None:
    """The same policy with the compose file's addresses, and an Envoy that asks the sidecar about it."""
    text = (ROOT / "gateline.yaml").read_text(encoding="utf-8")
    for port in (9001, 9002, 9003):
        text = text.replace(f"127.0.0.1:{port}", f"backends:{port}")
    folder = MADE / "compose"
    folder.mkdir(exist_ok=True)
    (folder / "gateline.yaml").write_text(text, encoding="utf-8")
    loaded = load_text(text, "gateline.yaml", Sources(ROOT, os.environ))
    options = EnvoyOptions(listen="0.0.0.0:10000", sidecars=("sidecar:9191",), admin="127.0.0.1:9901")
    (folder / "envoy.yaml").write_text(render_yaml(loaded, options), encoding="utf-8")


def make_pki() -> None:
    """A CA, a client certificate for Kong, a server certificate for the demo's payment service."""
    PKI.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = certificate("gateline demo CA", ca_key, None, ca_key)
    write("ca", ca, None)
    for name, use in (("kong", ExtendedKeyUsageOID.CLIENT_AUTH), ("payments", ExtendedKeyUsageOID.SERVER_AUTH)):
        key = ec.generate_private_key(ec.SECP256R1())
        write(name, certificate(name, key, ca, ca_key, use), key)


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    use: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    """A certificate; without an issuer it is a CA's own."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if use is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False).add_extension(names, False)
    return builder.sign(issuer_key, hashes.SHA256())


def write(name: str, made: x509.Certificate, key: ec.EllipticCurvePrivateKey | None) -> None:
    """`NAME.pem`, and `NAME.key` for this user alone."""
    (PKI / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    if key is not None:
        form = serialization.PrivateFormat.PKCS8
        data = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        with os.fdopen(os.open(PKI / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
