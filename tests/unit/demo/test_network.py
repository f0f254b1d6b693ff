"""The network of a smartphone, from both its ends."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from ivr.demo import network
from ivr.demo.network import networks
from ivr.web.doors import Signal

PATIENCE_SECONDS = 15.0


@contextmanager
def echo():
    """A server that sends everything back; gives its address."""

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                while piece := connection.recv(65536):
                    connection.sendall(piece)
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def phones():
    with echo() as upstream, networks(upstream, 2) as found:
        yield found


def connected(phone) -> socket.socket:
    return socket.create_connection(("127.0.0.1", phone.port), PATIENCE_SECONDS)


def answer(line: socket.socket, said: bytes) -> bytes:
    """What comes back; nothing where the connection broke."""
    back = b""
    try:
        line.sendall(said)
        while len(back) < len(said) and (piece := line.recv(65536)):
            back += piece
    except ConnectionError:
        return b""
    return back


def answers_again(phone) -> bool:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        with connected(phone) as line:
            if answer(line, b"again") == b"again":
                return True
        time.sleep(0.02)
    return False


def test_everything_passes_and_in_order(phones):
    said = bytes(range(256)) * 2000
    with connected(phones[0]) as line:
        assert answer(line, said) == said


def test_offline_breaks_what_is_open_and_takes_nothing_new_of_this_phone_only(phones):
    with connected(phones[0]) as line, connected(phones[1]) as other:
        assert answer(line, b"before") == b"before"
        phones[0].change(Signal.OFFLINE)
        assert is_cut(line)
        with connected(phones[0]) as fresh:
            assert answer(fresh, b"now") == b""
        assert answer(other, b"I go on") == b"I go on"
    phones[0].change(Signal.GOOD)
    assert answers_again(phones[0])


def is_cut(line: socket.socket) -> bool:
    """The other side ended it, in order or not."""
    try:
        return line.recv(1) == b""
    except ConnectionError:
        return True


def test_slow_answers_no_sooner_than_there_and_back(phones):
    phones[0].change(Signal.SLOW)
    with connected(phones[0]) as line:
        began = time.monotonic()
        assert answer(line, b"late") == b"late"
        assert time.monotonic() - began >= 2 * network.ONE_WAY_SECONDS


def test_flaky_goes_and_comes_back(phones, monkeypatch):
    monkeypatch.setattr(network, "GONE_SECONDS", 0.1)
    monkeypatch.setattr(network, "THERE_SECONDS", 0.1)
    with connected(phones[0]) as line:
        assert answer(line, b"before") == b"before"
        phones[0].change(Signal.FLAKY)
        assert is_cut(line)
    assert answers_again(phones[0])


def test_a_server_that_is_away_is_a_connection_that_breaks():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()
    with networks(nobody, 1) as (phone,), connected(phone) as line:
        assert answer(line, b"hello") == b""
