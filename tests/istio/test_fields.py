"""The table of fields and the typed messages hold the same fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from unstale.istio.mesh import MeshConfig
from unstale.istio.message import Message
from unstale.istio.resource import CLASSES
from unstale.istio.schema import KINDS, NEWEST, RELEASES, Field, release_number, schema
from unstale.istio.shapes import Shape, hints, json_name, message_shape, metadata_shape, spec_shape
from unstale.model.errors import InputError


def _shapes(shape: Shape) -> Iterator[Shape]:
    yield shape
    for child in shape.fields.values():
        yield from _shapes(child)
    if shape.entry is not None:
        yield from _shapes(shape.entry)


def _fields(field: Field) -> Iterator[Field]:
    yield field
    for child in field.fields.values():
        yield from _fields(child)
    if field.entry is not None:
        yield from _fields(field.entry)


def _attributes(shape: Shape) -> set[str]:
    return {child.attribute for child in shape.fields.values()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_of_a_message_is_a_field_of_the_newest_release(kind: str) -> None:
    for shape in _shapes(spec_shape(kind, NEWEST)):
        if shape.message is not None:
            known = {attribute for attribute, _ in hints(shape.message).values()}
            if shape.message in CLASSES.values():
                known -= {"metadata", "status_addresses"}
            assert known == _attributes(shape), shape.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("istio", RELEASES)
def test_every_release_has_a_shape_with_a_class_for_each_object(kind: str, istio: str) -> None:
    for shape in _shapes(spec_shape(kind, istio)):
        if shape.schema.type == "object":
            assert (shape.message is None) == (shape.inner is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_exclusive_fields_exist(kind: str) -> None:
    groups = [(field, group) for field in _fields(schema(kind, NEWEST)) for group in field.one_of]

    assert all(set(group) <= set(field.fields) for field, group in groups)
    assert bool(groups) is (kind in ("VirtualService", "DestinationRule", "EnvoyFilter"))


def test_required_fields_exist() -> None:
    for kind in KINDS:
        for field in _fields(schema(kind, NEWEST)):
            assert set(field.required) <= set(field.fields)


def test_a_field_is_unknown_before_its_release() -> None:
    before = schema("DestinationRule", "1.26").fields["trafficPolicy"]
    since = schema("DestinationRule", "1.27").fields["trafficPolicy"]

    assert before.newer["retryBudget"] == "1.27"
    assert "retryBudget" not in before.fields
    assert "retryBudget" in since.fields
    assert "budgetInterval" in since.fields["retryBudget"].newer


def test_an_enum_value_is_unknown_before_its_release() -> None:
    before = schema("ServiceEntry", "1.27").fields["resolution"]

    assert "DYNAMIC_DNS" not in before.enum
    assert before.newer_enum == {"DYNAMIC_DNS": "1.28"}
    assert "DYNAMIC_DNS" in schema("ServiceEntry", "1.28").fields["resolution"].enum


@pytest.mark.parametrize("istio", ["1.23", "1.33", "1.9", "", "1.28.1", "latest"])
def test_an_unknown_release_is_refused(istio: str) -> None:
    with pytest.raises(InputError, match=r"Known are 1\.24 to 1\.32\."):
        release_number(istio)


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("per_try_timeout", "perTryTimeout"),
        ("consecutive_5xx_errors", "consecutive5xxErrors"),
        ("http2_max_requests", "http2MaxRequests"),
        ("h2_upgrade_policy", "h2UpgradePolicy"),
        ("from_", "from"),
        ("host", "host"),
    ],
)
def test_attributes_are_named_by_protobufs_rule(attribute: str, name: str) -> None:
    assert json_name(attribute) == name


def test_all_messages_are_reached() -> None:
    roots = [spec_shape(kind, NEWEST) for kind in KINDS]
    shapes = [metadata_shape(), *roots, message_shape(MeshConfig, "")]
    reached = {inner.message for shape in shapes for inner in _shapes(shape) if inner.message is not None}

    unread = {"WorkloadEntryResource", "IstioCondition", "ProxyFile", "_Written"}
    assert [root.message for root in roots[:-1]] == list(CLASSES.values())[:-1]
    assert {cls.__qualname__ for cls in Message.__subclasses__()} - unread == {cls.__qualname__ for cls in reached}
