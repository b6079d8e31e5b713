"""An experiment as plain JSON values, and back, so that a report can be drawn again from a stored file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from unstale.model.experiment import Actor, Bucket, Cell, Event, Experiment, Failure, HostChange, Latency
from unstale.report import cell_detail
from unstale.report.json_place import Place


def to_json(experiment: Experiment) -> dict[str, Any]:
    """The experiment as a dict that `json.dumps` takes; keys come in a fixed order.

    Milliseconds are rounded to a tenth, seconds to a thousandth.
    """
    return {
        "versions": dict(experiment.versions),
        "command": experiment.command,
        "started": experiment.started,
        "took_s": _seconds(experiment.took_s),
        "parameters": {key: _plain(value) for key, value in experiment.parameters.items()},
        "texts": dict(experiment.texts),
        "manifests": dict(experiment.manifests),
        "left_out": dict(experiment.left_out),
        "cells": [_cell(cell) for cell in experiment.cells],
    }


def from_json(value: object, *, source: str = "report") -> Experiment:
    """The experiment that `to_json` wrote. Unknown keys are left out, so that newer files can be read.

    Raises InputError that names the place below `source`, e.g. `report.json: cells[3].requests: ...`.
    """
    top = Place(value, source)
    return Experiment(
        versions=top.at("versions").texts(),
        parameters={key: place.value for key, place in top.at("parameters").entries()},
        command=top.at("command").text(),
        started=top.at("started").text(),
        took_s=top.at("took_s").number(),
        cells=tuple(_read_cell(place) for place in top.at("cells").items()),
        texts=top.at("texts").texts() if top.has("texts") else {},
        manifests=top.at("manifests").texts() if top.has("manifests") else {},
        left_out=top.at("left_out").texts() if top.has("left_out") else {},
    )


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "scenario": cell.scenario,
        "policy": cell.policy,
        "method": cell.method,
        "requests": cell.requests,
        "ok": cell.ok,
        "failed": cell.failed,
        "failures": dict(cell.failures),
        "executed_twice": cell.executed_twice,
        "executions": cell.executions,
        "latency_ms": {
            "p50": _milliseconds(cell.latency_ms.p50),
            "p99": _milliseconds(cell.latency_ms.p99),
            "max": _milliseconds(cell.latency_ms.max),
        },
        "recovery_s": None if cell.recovery_s is None else _seconds(cell.recovery_s),
        "upstream_connections": cell.upstream_connections,
        "host_changes": [_host_change(change) for change in cell.host_changes],
        "log": cell.log,
        "sentence": cell.sentence,
        "late_ms": _milliseconds(cell.late_ms),
        "events": [
            {"at_s": _seconds(event.at_s), "actor": event.actor.value, "what": event.what} for event in cell.events
        ],
        "first_failures": [_failure(failure) for failure in cell.first_failures],
        "bucket_s": cell.bucket_s,
        "timeline": [
            {"start_s": _seconds(bucket.start_s), "ok": bucket.ok, "failed": bucket.failed} for bucket in cell.timeline
        ],
        "app": cell.app,
        **cell_detail.to_json(cell),
    }


def _host_change(change: HostChange) -> dict[str, Any]:
    return {"at_s": _seconds(change.at_s), "host": change.host, "addresses": list(change.addresses)}


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "at_s": _seconds(failure.at_s),
        "request_id": failure.request_id,
        "reason": failure.reason,
        "body_bytes": failure.body_bytes,
        "line": failure.line,
    }


def _read_cell(place: Place) -> Cell:
    latency = place.at("latency_ms")
    return Cell(
        scenario=place.at("scenario").text(),
        policy=place.at("policy").text(),
        method=place.at("method").text(),
        app=place.at("app").text() if place.has("app") else "",
        requests=place.at("requests").count(),
        ok=place.at("ok").count(),
        failed=place.at("failed").count(),
        failures={reason: number.count() for reason, number in place.at("failures").entries()},
        executed_twice=place.at("executed_twice").count(),
        executions=place.at("executions").count(),
        latency_ms=Latency(
            p50=latency.at("p50").number_or_none(),
            p99=latency.at("p99").number_or_none(),
            max=latency.at("max").number_or_none(),
        ),
        recovery_s=place.at("recovery_s").number_or_none(),
        upstream_connections=place.at("upstream_connections").count(),
        late_ms=place.at("late_ms").number(),
        host_changes=tuple(_read_host_change(item) for item in place.at("host_changes").items()),
        events=tuple(_read_event(item) for item in place.at("events").items()),
        timeline=tuple(_read_bucket(item) for item in place.at("timeline").items()),
        bucket_s=place.at("bucket_s").number(above=0.0),
        first_failures=tuple(_read_failure(item) for item in place.at("first_failures").items()),
        sentence=place.at("sentence").text(),
        log=place.at("log").text(),
        **cell_detail.from_json(place),
    )


def _read_host_change(place: Place) -> HostChange:
    return HostChange(
        at_s=place.at("at_s").number(),
        host=place.at("host").text(),
        addresses=tuple(item.text() for item in place.at("addresses").items()),
    )


def _read_event(place: Place) -> Event:
    actor = place.at("actor").one_of(tuple(actor.value for actor in Actor))
    return Event(at_s=place.at("at_s").number(), actor=Actor(actor), what=place.at("what").text())


def _read_bucket(place: Place) -> Bucket:
    return Bucket(start_s=place.at("start_s").number(), ok=place.at("ok").count(), failed=place.at("failed").count())


def _read_failure(place: Place) -> Failure:
    return Failure(
        at_s=place.at("at_s").number(),
        request_id=place.at("request_id").text(),
        reason=place.at("reason").text(),
        body_bytes=place.at("body_bytes").count(),
        line=place.at("line").text(),
    )


def _seconds(value: float) -> float:
    return round(value, 3)


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
