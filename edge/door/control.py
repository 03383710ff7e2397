"""The owner's commands to a door that runs: one JSON packet in, one out, over a socket of its own.

It lies in the state folder, which only the door's user and root can enter, and the kernel's word on
who speaks is asked as well: the eye, of the same group, may not. Nothing listens on a network.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from edge.contract.errors import OnelookError, PinError, StorageError, UnavailableError
from edge.door.records import tell_fault
from edge.door.sitting import Later

FILE = "control.sock"
_MOST_BYTES = 65536
_MOST_WAITING = 4
_ANSWER_S = 5.0
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: socket(7), SO_PEERCRED

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any] | Later]


class Control:
    """The door's end. Never blocks; close it."""

    def __init__(self, state_dir: Path, answer: Answer) -> None:
        """answer: does what a request says; what it raises, but for PinError, goes back.

        Raises:
            StorageError: the socket cannot be made there.
        """
        self._answer = answer
        self._waiting: dict[int, socket.socket] = {}
        self._held: set[socket.socket] = set()  # who wait for an answer that is not there yet
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            with _at(state_dir) as address:
                with suppress(FileNotFoundError):
                    (state_dir / FILE).unlink()  # of a door that was killed
                self._listener.bind(address)
            (state_dir / FILE).chmod(0o600)
            self._listener.listen(_MOST_WAITING)
        except OSError as e:
            self._listener.close()
            raise StorageError(
                f"{state_dir / FILE}: no socket can be made there ({e.strerror or e}).",
                remedy="Check that folder; until then `onelook status` and its like do not work.",
            ) from e

    def sources(self) -> dict[int, Callable[[], None]]:
        """What to wait for, and what to call when it can be read."""
        found: dict[int, Callable[[], None]] = {self._listener.fileno(): self._meet}
        return found | {fd: partial(self._hear, fd) for fd in self._waiting}

    def close(self) -> None:
        """Hang up on everybody. The file stays; the next door takes its place."""
        for connection in (self._listener, *self._waiting.values(), *self._held):
            connection.close()

    def _meet(self) -> None:
        with suppress(OSError):
            owner, _ = self._listener.accept()
            owner.settimeout(0.0)
            if len(self._waiting) + len(self._held) >= _MOST_WAITING or not _is_owner(owner):
                owner.close()
                return
            self._waiting[owner.fileno()] = owner

    def _hear(self, fd: int) -> None:
        owner = self._waiting.pop(fd)
        self._held.add(owner)
        try:
            packet = owner.recv(_MOST_BYTES)
        except OSError:
            packet = b""
        answer = self._answered(packet)
        if isinstance(answer, Later):
            answer.send = partial(self._reply, owner)
        else:
            self._reply(owner, answer)

    def _reply(self, owner: socket.socket, answer: Mapping[str, Any]) -> None:
        self._held.discard(owner)
        with owner, suppress(OSError):
            owner.send(json.dumps({"ok": True, **answer}).encode())

    def _answered(self, packet: bytes) -> Mapping[str, Any] | Later:
        try:
            request = json.loads(packet)
            if not isinstance(request, dict):
                raise TypeError("no object")
            return self._answer(request)
        except PinError:
            raise  # the lock's line cannot be driven off: the process is to end, see the loop
        except OnelookError as e:
            return {"ok": False, "exit": e.exit_code, "code": e.code} | {
                "what": e.what,
                "why": e.why,
                "remedy": e.remedy,
            }
        except (ValueError, TypeError, KeyError) as e:
            return {"ok": False, "exit": 76, "code": "version"} | {
                "what": f"the door does not understand that ({e}).",
                "why": "",
                "remedy": "Command and door are of different versions: restart onelook.",
            }


def open_control(state_dir: Path, answer: Answer, stack: ExitStack) -> Control | None:
    """The door's end, closed by `stack`; None: a door without it works as well, and says so."""
    try:
        control = Control(state_dir, answer)
    except StorageError as e:
        tell_fault(e)
        return None
    stack.callback(control.close)
    return control


def ask(state_dir: Path, request: Mapping[str, Any], *, wait_s: float = 0.0) -> dict[str, Any]:
    """What the door that runs answers. wait_s: how long it may think it over.

    Raises:
        UnavailableError: no door runs, or it does not answer. OnelookError: what the door says.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(_ANSWER_S + wait_s)
        try:
            with _at(state_dir) as address:
                door.connect(address)
            door.send(json.dumps(request).encode())
            answer = json.loads(door.recv(_MOST_BYTES) or b"null")
        except PermissionError as e:
            raise UnavailableError(
                f"{state_dir}: closed to this user.", remedy="Say it with sudo."
            ) from e
        except (OSError, ValueError) as e:
            raise UnavailableError(
                f"no door answers in {state_dir} ({e}).",
                remedy="Is it running? systemctl status onelook",
            ) from e
    if not isinstance(answer, dict):
        raise UnavailableError("the door hung up.", remedy="Only root and its own user may ask it.")
    if not answer.pop("ok"):
        raise _SaidError(answer)
    return answer


class _SaidError(OnelookError):
    """An error of the door's, told here."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer["what"], why=answer["why"], remedy=answer["remedy"])
        self.exit_code, self.code = int(answer["exit"]), str(answer["code"])


@contextmanager
def _at(state_dir: Path) -> Iterator[str]:
    """The socket's address, by the folder's descriptor: of a path 107 bytes are the most."""
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{FILE}"
    finally:
        os.close(folder)


def _is_owner(peer: socket.socket) -> bool:
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return uid in {0, os.geteuid()}
