"""Signatures against published vectors and the official validator, and the URL that is signed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivr.emulator.signature import sign, signed_url

TOKEN = "12345"


def test_vector_a_is_a_form():
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    assert sign("https://example.com/myapp.php?foo=1&bar=2", form.items(), TOKEN) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_vector_b_is_a_body_named_by_its_hash():
    digest = "5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9"
    assert sign(f"https://example.com/myapp?bodySHA256={digest}", (), TOKEN) == "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo="


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("wss://example.com/media", "7PR3qMkpDyEJtMrVOY/LDyNq8J8="),
        ("wss://example.com/media/", "T+WBXwUXC0/CyoZ1DA+p9ilZORs="),
    ],
)
def test_vector_c_is_a_stream_with_and_without_the_last_slash(url, signature):
    assert sign(url, (), TOKEN) == signature


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://example.com:8443/a?b=c", "https://example.com/a?b=c"),
        ("http://example.com:8080/a?b=c", "http://example.com:8080/a?b=c"),
        ("https://user:secret@example.com/a", "https://example.com/a"),
        ("https://example.com/a#rc=2&rp=all", "https://example.com/a"),
        ("https://[::1]:8443/a", "https://[::1]/a"),
    ],
)
def test_port_user_and_fragment_in_the_signed_url(url, signed):
    assert signed_url(url) == signed


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=8))
def test_official_validator_accepts_any_form_even_with_repeated_names(pairs):
    url = "http://127.0.0.1:8000/voice/bank?x=1"
    assert RequestValidator(TOKEN).validate(url, MultiDict(pairs), sign(url, pairs, TOKEN))
