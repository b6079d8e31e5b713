"""The application's process: wait for the start, send the load, write the ledger as it comes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from unstale.lab.children import Channel
from unstale.lab.program import Load, program
from unstale.lab.recording import RowWriter


def run(channel: Channel, load: Load) -> None:
    """Orders: `{"start": MONOTONIC_SECONDS, "path": PATH}`. Ends at once when its cell is gone."""
    load.host.encode("idna")  # loads the codec that the first look-up would wait for
    app = program(load.program)
    app.prepare(load)
    channel.tell({"ready": True})
    order = channel.receive()
    if order is None:
        return
    threading.Thread(target=_end_with_cell, args=(channel,), daemon=True).start()
    ledger = RowWriter(Path(order["path"]))
    app.send(load, float(order["start"]), lambda request: ledger.write(request.to_json()))
    ledger.close()
    channel.tell({"sent": ledger.count})
    os._exit(0)


def _end_with_cell(channel: Channel) -> None:
    if channel.receive() is None:
        os._exit(1)
