from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unstale.model.errors import InputError
from unstale.sidecar.bootstrap import Node, admin_socket, ads_socket, bootstrap

GOLDEN = Path(__file__).with_name("bootstrap.json")
FOLDER = Path("/run/unstale/1")


def _made(mark: int | None) -> dict[str, Any]:
    node = Node(ip_address="10.0.0.10", name="shop-0", namespace="shop", cluster="shop.shop", metadata={"A": "b"})
    return bootstrap(folder=FOLDER, node=node, mark=mark)


def test_the_bootstrap_is_the_golden_one() -> None:
    assert _made(1337) == json.loads(GOLDEN.read_text())


def test_without_a_mark_only_the_socket_options_are_missing() -> None:
    assert _made(None) == {**json.loads(GOLDEN.read_text()), "cluster_manager": {}}


def test_nothing_in_it_listens_on_tcp() -> None:
    assert "socket_address" not in json.dumps(_made(1337))


@pytest.mark.parametrize(("length", "fits"), [(99, True), (100, False)])
def test_a_folder_with_too_long_a_path_for_a_socket_is_refused(length: int, fits: bool) -> None:
    folder = Path("/" + "x" * (length - len("//admin.sock")))
    assert len(str(ads_socket(folder))) < length
    if fits:
        assert len(str(admin_socket(folder))) == length
    else:
        with pytest.raises(InputError, match="too long for a unix socket"):
            admin_socket(folder)
