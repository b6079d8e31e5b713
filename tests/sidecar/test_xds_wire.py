"""The bytes of a response, read back by the message class that they are for."""

from __future__ import annotations

import pytest
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2

from unstale.sidecar.xds.messages import Response
from unstale.sidecar.xds.snapshot import CLUSTER, Entry
from unstale.sidecar.xds.wire import encoded


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_a_response_is_what_the_message_class_makes(size: int) -> None:
    entries = tuple(Entry(name=f"n|{number}é", version="v" * number, body=b"x" * size) for number in (1, 200))
    response = Response(type_url=CLUSTER, nonce="17", entries=entries, removed=("gone", "and gone"))
    wanted = discovery_pb2.DeltaDiscoveryResponse(
        type_url=CLUSTER,
        nonce="17",
        removed_resources=["gone", "and gone"],
        resources=[
            discovery_pb2.Resource(
                name=entry.name, version=entry.version, resource=any_pb2.Any(type_url=CLUSTER, value=entry.body)
            )
            for entry in entries
        ],
    )
    assert discovery_pb2.DeltaDiscoveryResponse.FromString(encoded(response)) == wanted


def test_an_empty_response_is_one() -> None:
    read = discovery_pb2.DeltaDiscoveryResponse.FromString(encoded(Response(type_url=CLUSTER, nonce="1")))
    assert (read.type_url, read.nonce, list(read.resources)) == (CLUSTER, "1", [])
