"""The table of Envoy's messages and the merge that goes by it, against protobuf's own classes."""

from __future__ import annotations

import copy
from typing import Any

import envoy.config.cluster.v3.cluster_pb2
import envoy.config.listener.v3.listener_pb2
import envoy.config.route.v3.route_pb2
import envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2
import envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2
import envoy.extensions.transport_sockets.tls.v3.tls_pb2
import envoy.extensions.upstreams.http.v3.http_protocol_options_pb2  # noqa: F401 - they register their messages
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from random_messages import random_message

from unstale.envoy.envoy_filter import api
from unstale.envoy.envoy_filter.json_form import Reading
from unstale.envoy.envoy_filter.merge import merged

TYPES = (
    api.CLUSTER,
    api.LISTENER,
    api.FILTER_CHAIN,
    api.ROUTE_CONFIGURATION,
    api.VIRTUAL_HOST,
    api.ROUTE,
    api.HTTP_CONNECTION_MANAGER,
    api.HTTP_FILTER,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
)


def as_json(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = plain(MessageToDict(message, preserving_proto_field_name=True))
    return found


def plain(value: Any) -> Any:
    """The same with 2.0 written 2."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def merge_as_istiod(old: Any, new: Any) -> None:
    """Protobuf's merge, but that a Duration is replaced."""
    for field, value in new.ListFields():
        kind, target = field.message_type, getattr(old, field.name)
        if kind is not None and kind.GetOptions().map_entry:
            for key in value:
                if kind.fields_by_name["value"].message_type is None:
                    target[key] = value[key]
                else:
                    target[key].CopyFrom(value[key])
        elif field.is_repeated:
            target.extend(copy.deepcopy(item) for item in value)
        elif kind is None:
            setattr(old, field.name, value)
        elif kind.full_name == "google.protobuf.Duration":
            target.CopyFrom(value)
        else:
            target.SetInParent()
            merge_as_istiod(target, value)


@pytest.mark.parametrize("name", TYPES)
def test_a_value_is_read_and_merged_as_protobuf_does(name: str) -> None:
    message = api.message_type(name)
    assert message is not None
    for seed in range(25):
        old, new = random_message(name, seed), random_message(name, 1000 + seed)
        before, reading = as_json(old), Reading()
        value = reading.message(MessageToDict(new), message)
        assert value == as_json(new)
        assert reading.unknown == reading.unknown_types == []
        merge_as_istiod(old, new)
        assert merged(before, value, message) == as_json(old)
