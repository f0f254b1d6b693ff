"""Signatures: Twilio's own vectors, and the same answer as the SDK for whatever is sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivr.carriers.twilio.signature import is_signed, is_signed_socket, sign
from ivr.web.security import Doorkeeper

TOKEN = "12345"
A_URL = "https://example.com/myapp.php?foo=1&bar=2"
A_FIELDS = (
    ("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675310"), ("Digits", "1234"), ("From", "+14158675310"),
    ("To", "+18005551212"),
)  # fmt: skip
A = "L/OH5YylLD5NRKLltdqwSvS0BnU="
C, C_SLASH = "7PR3qMkpDyEJtMrVOY/LDyNq8J8=", "T+WBXwUXC0/CyoZ1DA+p9ilZORs="


def test_the_documented_form() -> None:
    assert sign(TOKEN.encode(), A_URL, A_FIELDS) == A
    assert is_signed(TOKEN.encode(), A_URL, A_FIELDS, A)


@pytest.mark.parametrize(
    ("token", "url", "fields", "signature"),
    [
        ("54321", A_URL, A_FIELDS, A),
        (TOKEN, A_URL.replace("https", "http"), A_FIELDS, A),
        (TOKEN, A_URL.replace("foo=1&bar=2", "bar=2&foo=1"), A_FIELDS, A),
        (TOKEN, A_URL + "/", A_FIELDS, A),
        (TOKEN, A_URL, A_FIELDS[:-1], A),
        (TOKEN, A_URL, (*A_FIELDS, ("Extra", "1")), A),
        (TOKEN, A_URL, A_FIELDS, A.lower()),
        (TOKEN, A_URL, A_FIELDS, ""),
        (TOKEN, A_URL, A_FIELDS, "ü"),
    ],
)
def test_any_difference_is_refused(token, url, fields, signature) -> None:
    assert not is_signed(token.encode(), url, fields, signature)


@pytest.mark.parametrize("url", ["wss://example.com/media", "wss://example.com/media/"])
@pytest.mark.parametrize("signature", [C, C_SLASH])
def test_a_socket_with_and_without_the_trailing_slash(url: str, signature: str) -> None:
    assert is_signed_socket(TOKEN.encode(), url, signature)
    assert not is_signed_socket(b"54321", url, signature)


def test_a_socket_signed_with_a_port() -> None:
    for url in ("wss://example.com:80/media", "wss://example.com:80/media/"):
        assert is_signed_socket(TOKEN.encode(), "wss://example.com/media", sign(TOKEN.encode(), url))


def test_repeated_values_of_a_name_count_once_and_sorted() -> None:
    fields = [("A", "2"), ("A", "1"), ("A", "2"), ("B", "x")]
    expected = RequestValidator(TOKEN).compute_signature("https://example.com/", MultiDict(fields))
    assert sign(TOKEN.encode(), "https://example.com/", fields) == expected


names = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=8)
fields = st.lists(st.tuples(names | st.sampled_from(["A", "a", "Digits"]), names | st.just("")), max_size=6)
urls = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https", "wss"]),
    st.sampled_from(["example.com", "10.0.0.1", "a-b.example"]),
    st.sampled_from(["", ":80", ":443", ":8443"]),
    st.sampled_from(["voice/bank", "voice/c/1/2/answer", "ü", ""]),
    st.sampled_from(["", "?a=1&b=%20", "?s=x_-y&p=1"]),
)


@settings(max_examples=400, deadline=None)
@given(urls, fields, st.sampled_from(["right", "with port", "without port", "wrong"]))
def test_the_sdk_and_we_agree(url: str, fields: list[tuple[str, str]], how: str) -> None:
    sdk, form = RequestValidator(TOKEN), MultiDict(fields)
    scheme, host = url.split("/")[0], url.split("/")[2]
    bare = host.split(":")[0]
    signed_url = {
        "right": url,
        "with port": url.replace(host, host if ":" in host else f"{host}:{443 if scheme == 'https:' else 80}", 1),
        "without port": url.replace(host, bare, 1),
        "wrong": url + "x",
    }[how]
    signature = sdk.compute_signature(signed_url, form)
    assert is_signed(TOKEN.encode(), url, fields, signature) == sdk.validate(url, form, signature)


# -- the doorkeeper ----------------------------------------------------------------------------------------------------


@pytest.fixture
def door() -> Doorkeeper:
    return Doorkeeper("https://example.com", TOKEN.encode(), b"s" * 32)


def test_the_door_knows_its_own_public_address_only(door: Doorkeeper) -> None:
    path = A_URL.removeprefix("https://example.com")
    assert door.admits(path, A_FIELDS, A, "")
    assert not door.admits("/evil" + path, A_FIELDS, A, "")
    assert not door.admits(path, A_FIELDS, "", "")
    assert door.admits_socket("/media", C)
    assert not door.admits_socket("/media", "")


@pytest.mark.parametrize("settings", ["key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "algorithm=HMAC_SHA1", "?"])
def test_a_shared_key_is_not_ours_and_fails_closed(door: Doorkeeper, settings: str) -> None:
    sha256 = "qMztBq0IANMH/q0K9sCfKQJLylezvRdRzRS647SAVow="
    for signature in (A, sha256):
        assert not door.admits(A_URL.removeprefix("https://example.com"), A_FIELDS, signature, settings)


def test_a_reply_is_sealed_for_its_own_request(door: Doorkeeper) -> None:
    key, other = (door.reply_key("call", path, A_FIELDS, "") for path in ("/a", "/b"))
    sealed = door.seal(key, "<Response/>")
    assert b"Response" not in sealed
    assert door.unseal(key, sealed) == "<Response/>"
    assert door.unseal(other, sealed) is None
    assert door.unseal(key, sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert door.unseal(key, b"") is None
    assert door.seal(key, "<Response/>") != sealed


def test_a_reply_key_tells_requests_apart(door: Doorkeeper) -> None:
    keys = [
        door.reply_key("call", "/a", [("A", "1")], ""),
        door.reply_key("call", "/a", [("A", "1")], "token"),
        door.reply_key("call", "/a", [("A", "2")], ""),
        door.reply_key("other", "/a", [("A", "1")], ""),
        door.reply_key("call", "/a", [("A1", "")], ""),
        door.reply_key("call", "/aA", [("", "1")], ""),
    ]
    assert len(set(keys)) == len(keys)
    assert door.reply_key("call", "/a", [("A", "1"), ("B", "2")], "") == door.reply_key(
        "call", "/a", [("B", "2"), ("A", "1")], ""
    )
