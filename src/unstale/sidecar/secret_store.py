"""Certificates that may change: each lies in a file of its own that Envoy reads again when it is replaced.

Envoy reads the certificates of a cluster once; only those that come by its secret discovery service (SDS) follow their
files, and then only where a file is replaced by renaming, one after the other. So every secret is written whole, with
its certificate and key together, into a private folder, from where Envoy takes it as SDS from a file. What it is made
of is watched: files that a DestinationRule names, and a folder of Secret manifests for its `credentialName`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from unstale.model.errors import InputError
from unstale.sidecar.manifests import read_sources
from unstale.sidecar.secrets import SYSTEM_ROOTS, MissingSecretError
from unstale.sidecar.watch import wake_ups

_CONTEXT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
_CA = "-cacert"
_CERTIFICATE = (("tls.crt", "tls.key"), ("cert", "key"))
_ROOTS = ("ca.crt", "cacert")

_SETTLE_S = 0.05
"""A certificate and its key are two files, written one after the other."""

Json = dict[str, Any]


class SecretStore:
    """Writes secrets into `folder`. `manifests` is a file or folder of Secrets and ConfigMaps, None for none."""

    def __init__(self, folder: Path, *, manifests: Path | None = None) -> None:
        self._folder = folder
        self._manifests = manifests
        self._names: dict[str, Path] = {}
        self._more = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._loop = asyncio.get_running_loop()

    def with_secrets(self, value: Any) -> Any:
        """The configuration with each secret of a TLS context taken from its file here. Raises MissingSecretError."""
        if isinstance(value, dict):
            if value.get("@type") == _CONTEXT:
                return self._referring(value)
            return {key: self.with_secrets(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.with_secrets(inner) for inner in value]
        return value

    async def watch(self, told: Callable[[str], None]) -> None:
        """Write secrets again when what they are made of changes; never returns.

        `told` hears of each change, and of what cannot be used: then the last good one stays.
        """
        while True:
            self._more.clear()
            following = asyncio.create_task(self._follow(self._sources(), told))
            try:
                await self._more.wait()
            finally:
                following.cancel()
                await asyncio.wait([following])

    async def _follow(self, sources: tuple[Path, ...], told: Callable[[str], None]) -> None:
        if not sources:
            return
        async for _ in wake_ups(sources):
            await asyncio.sleep(_SETTLE_S)
            # Not to be broken off in the middle: what was written must be told.
            await asyncio.shield(self._write_all(told))

    async def _write_all(self, told: Callable[[str], None]) -> None:
        async with self._one_at_a_time:
            for name, path in list(self._names.items()):
                try:
                    if await asyncio.to_thread(self._write, name, path):
                        told(f"certificate: {_shown(name)} changed and is in use.")
                except MissingSecretError as error:
                    told(f"certificate: {_shown(name)} {error.why}; the last good one stays in use.")

    def _sources(self) -> tuple[Path, ...]:
        files = [Path(file) for name in self._names for file in _files(name)]
        return tuple(dict.fromkeys([*files, *([self._manifests] if self._manifests else [])]))

    def _referring(self, value: Any) -> Any:
        """Every `{name, sds_config}` below with its file as the source."""
        if isinstance(value, dict):
            if "sds_config" in value and "name" in value:
                source = {"path_config_source": {"path": str(self._place(value["name"]))}}
                return {"name": value["name"], "sds_config": {**source, "resource_api_version": "V3"}}
            return {key: self._referring(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._referring(inner) for inner in value]
        return value

    def _place(self, name: str) -> Path:
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
        if name not in self._names:
            self._write(name, path)
            self._names[name] = path
            self._loop.call_soon_threadsafe(self._more.set)
        return path

    def _write(self, name: str, path: Path) -> bool:
        """Whether it is another one than before."""
        secret = {"@type": _SECRET, "name": name, **self._secret(name)}
        text = json.dumps({"resources": [secret]})
        with suppress(FileNotFoundError):
            if path.read_text() == text:
                return False
        self._folder.mkdir(mode=0o700, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        fresh.rename(path)
        return True

    def _secret(self, name: str) -> Json:
        kind, _, rest = name.partition(":")
        if kind == "file-root":
            return _trusting(
                {"filename": str(SYSTEM_ROOTS)} if rest == "system" else {"inline_string": _text(name, rest)}
            )
        if kind == "file-cert":
            chain, _, key = rest.partition("~")
            return self._identity(name, _text(name, chain), _text(name, key))
        if kind in ("kubernetes", "configmap") and self._manifests is not None:
            return self._from_manifests(name, rest.removeprefix("//"), kind == "configmap")
        if kind in ("kubernetes", "configmap"):
            raise MissingSecretError(
                name, f"is in a Secret ({_shown(name)})", "Give the folder of Secrets: --secrets FOLDER."
            )
        raise MissingSecretError(name)

    def _from_manifests(self, name: str, wanted: str, is_config_map: bool) -> Json:
        assert self._manifests is not None
        known = dict(_objects(self._manifests, "ConfigMap" if is_config_map else "Secret", name))
        plain = wanted.removesuffix(_CA)
        if wanted.endswith(_CA) or is_config_map:
            for one in (wanted, plain):
                for key in _ROOTS:
                    if key in known.get(one, {}):
                        return _trusting({"inline_string": known[one][key]})
            raise _absent(name, plain, " or ".join(_ROOTS), self._manifests)
        for chain, key in _CERTIFICATE:
            found = known.get(wanted, {})
            if chain in found and key in found:
                return self._identity(name, found[chain], found[key])
        raise _absent(name, wanted, " and ".join(_CERTIFICATE[0]), self._manifests)

    def _identity(self, name: str, chain: str, key: str) -> Json:
        """Raises MissingSecretError where the two do not belong together, which Envoy would only say to its log."""
        trial = self._folder / "trial.pem"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(trial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{chain}\n{key}\n")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(trial, password="")
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or "not PEM"
            why = f"is no certificate with its key ({_shown(name)}: {reason})"
            raise MissingSecretError(name, why, "Give a PEM certificate chain and its unencrypted key.") from error
        finally:
            trial.unlink(missing_ok=True)
        return {
            "tls_certificate": {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}}
        }


def _trusting(authorities: Json) -> Json:
    return {"validation_context": {"trusted_ca": authorities}}


def _files(name: str) -> list[str]:
    kind, _, rest = name.partition(":")
    if kind == "file-root" and rest != "system":
        return [rest]
    return rest.split("~") if kind == "file-cert" else []


def _text(name: str, path: str) -> str:
    try:
        return Path(path).read_text("ascii")
    except UnicodeDecodeError as error:
        raise MissingSecretError(name, f"is no PEM text ({path})", "Give a PEM file.") from error
    except OSError as error:
        why = f"cannot be read ({path}: {error.strerror})"
        raise MissingSecretError(name, why, "Name a file that this user may read.") from error


def _objects(place: Path, kind: str, name: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The objects of a kind under `name` and `namespace/name`, with their values as text."""
    try:
        sources = read_sources([place])
        documents = [one for source in sources for one in yaml.safe_load_all(source.text)]
    except (InputError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0]
        raise MissingSecretError(
            name, f"cannot be read ({place}: {first})", "Give a folder of Secret manifests."
        ) from error
    for one in documents:
        if isinstance(one, dict) and one.get("kind") == kind and isinstance(one.get("metadata"), dict):
            metadata, values = one["metadata"], dict(_values(one))
            yield str(metadata.get("name")), values
            yield f"{metadata.get('namespace', 'default')}/{metadata.get('name')}", values


def _values(one: Json) -> Iterator[tuple[str, str]]:
    is_secret = one["kind"] == "Secret"
    for key, value in (one.get("data") or {}).items():
        if not is_secret:
            yield key, str(value)
            continue
        with suppress(binascii.Error, UnicodeDecodeError, TypeError):
            yield key, base64.b64decode(value, validate=False).decode("ascii")
    for key, value in (one.get("stringData") or {}).items():
        yield key, str(value)


def _absent(name: str, wanted: str, keys: str, place: Path) -> MissingSecretError:
    return MissingSecretError(name, f"is not in {place} ({wanted})", f"Add the Secret {wanted} with {keys}.")


def _shown(name: str) -> str:
    """Names of files and Secrets are no secrets."""
    return name.partition(":")[2].removeprefix("//").replace("~", ", ")
