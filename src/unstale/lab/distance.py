"""Distance: packets need time between the firewall and the nodes, so that a FIN and a request can cross.

The kernel's netem does it where it is there. Many kernels lack it (containers, small virtual machines); then a relay
takes each Ethernet frame off one wire and puts it on the other after the same time: SYN, data, FIN and RST alike.
"""

from __future__ import annotations

import collections
import os
import select
import socket
import threading
import time

from unstale.lab.children import Channel

NEAR, FAR = "near", "far"
"""The relay's two interfaces: towards the firewall and towards the internet."""

_ETH_P_ALL = 3
_SOL_PACKET = 263
_PACKET_VNET_HDR = 15
_PACKET_OUTGOING = 4
_LARGEST = 70_000


def relay(channel: Channel, delay_s: float) -> None:
    """The relay's process: carry frames until the cell is gone."""
    threading.Thread(target=_end_with_cell, args=(channel,), daemon=True).start()
    wires = (_wire(NEAR), _wire(FAR))
    channel.tell({"relaying": True})
    _carry(wires, delay_s)


def _end_with_cell(channel: Channel) -> None:
    channel.receive()
    os._exit(0)


def _wire(interface: str) -> socket.socket:
    # With the offload header the kernel's unfinished checksums and joined segments cross as they are.
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    wire.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    wire.bind((interface, _ETH_P_ALL))
    wire.setblocking(False)
    return wire


def _carry(wires: tuple[socket.socket, socket.socket], delay_s: float) -> None:
    other = {wires[0].fileno(): wires[1], wires[1].fileno(): wires[0]}
    own = {wire.fileno(): wire for wire in wires}
    on_the_way: collections.deque[tuple[float, socket.socket, bytes]] = collections.deque()
    poll = select.poll()
    for wire in wires:
        poll.register(wire, select.POLLIN)
    while True:
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, wire, frame = on_the_way.popleft()
            _put(wire, frame)
        wait_ms = 1000 * (on_the_way[0][0] - time.monotonic()) if on_the_way else None
        for descriptor, _ in poll.poll(None if wait_ms is None else max(0.0, wait_ms)):
            for frame in _taken(own[descriptor]):
                on_the_way.append((time.monotonic() + delay_s, other[descriptor], frame))


def _taken(wire: socket.socket) -> list[bytes]:
    frames: list[bytes] = []
    while True:
        try:
            frame, source = wire.recvfrom(_LARGEST)
        except BlockingIOError:
            return frames
        if source[2] != _PACKET_OUTGOING:
            frames.append(frame)


def _put(wire: socket.socket, frame: bytes) -> None:
    try:
        wire.send(frame)
    except OSError:
        return  # a full or vanishing wire loses frames, as wires do
