"""Envoy's response flags and details in words, with the causes that are behind them.

Sources: source/common/stream_info/utility.h and the page "Response Code Details" of Envoy's documentation, whose
details are not guaranteed to be stable; so what is not known is parted into words that are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from unstale.accesslog.reading import row_of
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.registry import rules
from unstale.diagnosis.symptom import Symptom, of_row

LEAST = 0.02
"""Causes that are behind a symptom more rarely are not named."""

_INSIDE = re.compile(r"[{}(),|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A flag or detail. `causes` are the likely ones with their shares, the likeliest first."""

    name: str
    title: str
    meaning: str
    parts: tuple[tuple[str, str], ...] = ()
    causes: tuple[tuple[Cause, float], ...] = ()


@cache
def flags() -> Mapping[str, tuple[str, str]]:
    """Flag -> Envoy's own name, and the meaning."""
    return {flag: (name, meaning) for flag, name, meaning in _table("flags.tsv")}


@cache
def details() -> Mapping[str, str]:
    """Detail, or a word of one -> the meaning."""
    return {row[0]: row[1] for row in _table("details.tsv")}


def flag_entry(text: str) -> Entry | None:
    """The entry of one flag or of several joined by commas, None for what is no flag."""
    names = [name.strip().upper() for name in text.split(",")]
    if not all(name in flags() for name in names):
        return None
    title = " and ".join(flags()[name][0] for name in names)
    parts = tuple((name, flags()[name][1]) for name in names) if len(names) > 1 else ()
    meaning = flags()[names[0]][1] if len(names) == 1 else "Several flags at once; their order does not matter."
    fields = {"flags": ",".join(names), "status": "503", "details": ""}
    return Entry(name=",".join(names), title=title, meaning=meaning, parts=parts, causes=_causes(fields))


def detail_entry(text: str) -> Entry | None:
    """The entry of a detail, with or without braces, None where not one word of it is known."""
    words = [word.strip(" :_") for word in _INSIDE.split(text) if word.strip(" :_")]
    known = [(word, _meaning(word)) for word in words]
    found = [(word, meaning) for word, meaning in known if meaning]
    if not found:
        return None
    fields = {"details": text, "status": "503"}
    if "TLS_error" in text or "OPENSSL" in text:
        fields["transport_failure"] = text
    return Entry(
        name=text,
        title="response code detail",
        meaning=found[0][1],
        parts=tuple(found[1:]),
        causes=_causes(fields) if not text.startswith("via_upstream") else behind(Symptom.OWN_ERROR),
    )


def behind(symptom: Symptom) -> tuple[tuple[Cause, float], ...]:
    """The causes behind a symptom when nothing else is known, scaled to add up to 1."""
    rates = {cause: rule.rates.get(symptom, 0.0) for cause, rule in rules().items()}
    total = sum(rates.values())
    likely = [(cause, rate / total) for cause, rate in rates.items() if total and rate / total >= LEAST]
    return tuple(sorted(likely, key=lambda item: -item[1]))


def _causes(fields: dict[str, str]) -> tuple[tuple[Cause, float], ...]:
    return behind(of_row(row_of(fields, line="", name="")))


def _meaning(word: str) -> str:
    known = details()
    plain = word.replace(" ", "_")
    if plain in known:
        return known[plain]
    return next((meaning for name, meaning in known.items() if plain.startswith(f"{name}:") or plain == name), "")


def _table(name: str) -> list[list[str]]:
    text = files("unstale.diagnosis").joinpath(name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]
