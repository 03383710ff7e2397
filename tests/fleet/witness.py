"""Stands between a door and its broker, and notes what was sent and what was acknowledged.

It reads the wire itself (MQTT 3.1.1, sections 2.2 and 3.3), so that neither paho nor mosquitto is
believed; and it can let half of a message through, and then have something terrible happen.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

PUBLISH, PUBACK = 3, 4


class Witness:
    """sent: (topic, payload), as the door sent them. receipts: the payloads, once acknowledged."""

    def __init__(self, port):
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sent, self.receipts = [], []
        self.cuts = []  # [(after so many messages in all, what to do)], the next one first
        self._serving = threading.Thread(target=self._serve)
        self._serving.start()

    def close(self):
        hang_up(self._listener)  # which wakes who waits for the next door
        self._serving.join()
        self._listener.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                door, _ = self._listener.accept()
                with door, suppress(ConnectionRefusedError), self._to_broker() as broker:
                    waiting = {}
                    answers = threading.Thread(target=self._answers, args=(broker, door, waiting))
                    answers.start()
                    self._requests(door, broker, waiting)
                    answers.join()

    def _to_broker(self):
        return socket.create_connection(("127.0.0.1", self._to))

    def _requests(self, door, broker, waiting):
        with suppress(OSError):
            for packet in packets(door):
                if packet[0] >> 4 == PUBLISH:
                    number, topic, payload = published(packet)
                    self.sent.append((topic, payload))
                    waiting[number] = (topic, payload)
                    if self.cuts and len(self.sent) >= self.cuts[0][0]:
                        broker.sendall(packet[: len(packet) // 2])
                        self.cuts.pop(0)[1]()
                        break
                broker.sendall(packet)
        hang_up(door, broker)

    def _answers(self, broker, door, waiting):
        with suppress(OSError):
            for packet in packets(broker):
                if packet[0] >> 4 == PUBACK:
                    (number,) = struct.unpack("!H", packet[-2:])
                    self.receipts.append(waiting.pop(number))
                door.sendall(packet)
        hang_up(door, broker)


def hang_up(*connections):
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def packets(connection):
    """Whole packets, until the connection ends."""
    data = b""
    while heard := connection.recv(65536):
        data += heard
        while (size := whole(data)) is not None:
            yield data[:size]
            data = data[size:]


def whole(data):
    """The size of the first packet, if all of it is there."""
    length = 0
    for place, byte in enumerate(data[1:5]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            size = 2 + place + length
            return size if len(data) >= size else None
    return None


def published(packet):
    """(packet's number, topic, payload) of a PUBLISH with QoS 1."""
    assert (packet[0] >> 1) & 3 == 1, "not at least once"
    start = 1 + next(n for n, byte in enumerate(packet[1:5], 1) if byte < 0x80)
    (length,) = struct.unpack_from("!H", packet, start)
    topic = packet[start + 2 : start + 2 + length].decode()
    (number,) = struct.unpack_from("!H", packet, start + 2 + length)
    return number, topic, packet[start + 4 + length :].decode()
