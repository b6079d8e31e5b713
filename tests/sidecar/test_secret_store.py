"""Secrets become files of their own, are written again when their sources change, and bad ones are told."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from unstale.sidecar.secret_store import SecretStore
from unstale.sidecar.secrets import MissingSecretError

CONTEXT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
AUTHORITY = trustme.CA()
ISSUED = AUTHORITY.issue_cert("client.test")
CHAIN, KEY = ISSUED.cert_chain_pems[0].bytes(), ISSUED.private_key_pem.bytes()


def cluster(*names: str) -> dict[str, Any]:
    wanted = [{"name": name, "sds_config": {"ads": {}}} for name in names]
    context = {"@type": CONTEXT, "common_tls_context": {"tls_certificate_sds_secret_configs": wanted}}
    return {"name": "web", "transport_socket": {"typed_config": context}}


def placed(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The secrets that the references of a cluster lead to."""
    context = value["transport_socket"]["typed_config"]["common_tls_context"]
    paths = [
        Path(one["sds_config"]["path_config_source"]["path"]) for one in context["tls_certificate_sds_secret_configs"]
    ]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)
    return [json.loads(path.read_text())["resources"][0] for path in paths]


def within(test: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return test()

    return asyncio.run(run())


def secret(name: str, data: dict[str, bytes]) -> str:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return yaml.safe_dump({"kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, "data": encoded})


def _store(folder: Path) -> SecretStore:
    return SecretStore(folder / "s", manifests=folder / "cred.yaml")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "c.pem").write_bytes(CHAIN)
    (tmp_path / "k.pem").write_bytes(KEY)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.cert_pem.bytes())
    return tmp_path


def test_files_of_a_rule_come_together(files: Path) -> None:
    names = (f"file-cert:{files}/c.pem~{files}/k.pem", f"file-root:{files}/ca.pem", "file-root:system")
    own, root, system = within(lambda: placed(SecretStore(files / "s").with_secrets(cluster(*names))))
    assert own["name"] == names[0]
    assert own["tls_certificate"]["certificate_chain"]["inline_string"] == CHAIN.decode()
    assert own["tls_certificate"]["private_key"]["inline_string"] == KEY.decode()
    assert root["validation_context"]["trusted_ca"]["inline_string"] == AUTHORITY.cert_pem.bytes().decode()
    assert system["validation_context"]["trusted_ca"] == {"filename": "/etc/ssl/certs/ca-certificates.crt"}


@pytest.mark.parametrize("name", ["kubernetes://cred", "kubernetes://shop/cred"])
@pytest.mark.parametrize("keys", [("tls.crt", "tls.key"), ("cert", "key")])
def test_a_secret_gives_a_certificate_under_either_of_istios_keys(
    tmp_path: Path, name: str, keys: tuple[str, str]
) -> None:
    (tmp_path / "cred.yaml").write_text(secret("cred", dict(zip(keys, (CHAIN, KEY), strict=True))))
    (own,) = within(lambda: placed(_store(tmp_path).with_secrets(cluster(name))))
    assert own["tls_certificate"]["private_key"]["inline_string"] == KEY.decode()


@pytest.mark.parametrize("holder", ["cred", "cred-cacert"])
def test_the_authority_is_in_the_secret_or_beside_it(tmp_path: Path, holder: str) -> None:
    (tmp_path / "cred.yaml").write_text(secret(holder, {"ca.crt": AUTHORITY.cert_pem.bytes()}))
    (root,) = within(lambda: placed(_store(tmp_path).with_secrets(cluster("kubernetes://cred-cacert"))))
    assert "BEGIN CERTIFICATE" in root["validation_context"]["trusted_ca"]["inline_string"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file-root:/no/such.pem", "cannot be read (/no/such.pem: No such file or directory)"),
        ("default", "exists only inside a mesh (default)"),
        ("kubernetes://other", "is not in MANIFESTS (other)"),
        ("kubernetes://half", "is not in MANIFESTS (half)"),
        ("kubernetes://swapped", "is no certificate with its key (swapped: "),
        ("kubernetes://junk", "is no certificate with its key (junk: "),
    ],
)
def test_what_cannot_be_used_is_told_and_what_is_secret_is_not(tmp_path: Path, name: str, why: str) -> None:
    other = AUTHORITY.issue_cert("other.test").private_key_pem.bytes()
    manifests = tmp_path / "m.yaml"
    texts = (
        secret("half", {"tls.crt": CHAIN}),
        secret("swapped", {"tls.crt": CHAIN, "tls.key": other}),
        secret("junk", {"tls.crt": b"no", "tls.key": b"pem"}),
    )
    manifests.write_text("---\n".join(texts))
    with pytest.raises(MissingSecretError) as caught:
        within(lambda: SecretStore(tmp_path / "s", manifests=manifests).with_secrets(cluster(name)))
    assert caught.value.why.startswith(why.replace("MANIFESTS", str(manifests)))
    assert "PRIVATE KEY" not in caught.value.why + caught.value.allowed
    assert not list((tmp_path / "s").glob("*")) if (tmp_path / "s").exists() else True


def test_a_changed_source_is_written_again_and_a_bad_one_is_not(files: Path) -> None:
    name = f"file-cert:{files}/c.pem~{files}/k.pem"

    async def test() -> list[str]:
        store, told = SecretStore(files / "s"), asyncio.Queue[str]()
        first = placed(store.with_secrets(cluster(name)))
        watching = asyncio.create_task(store.watch(told.put_nowait))
        issued = AUTHORITY.issue_cert("client.test")
        (files / "k.pem").write_bytes(issued.private_key_pem.bytes())
        (files / "c.pem").write_bytes(issued.cert_chain_pems[0].bytes())
        seen: list[str] = []
        async with asyncio.timeout(10):
            while not (seen and seen[-1].endswith("is in use.")):
                seen.append(await told.get())
        second = placed(store.with_secrets(cluster(name)))
        assert second != first
        (files / "c.pem").write_text("junk")
        async with asyncio.timeout(10):
            while "last good" not in seen[-1]:
                seen.append(await told.get())
        assert placed(store.with_secrets(cluster(name))) == second
        watching.cancel()
        return seen

    said = asyncio.run(test())
    assert all("PRIVATE" not in line for line in said)
