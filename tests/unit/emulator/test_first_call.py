"""A call from its first ring to its end."""

from .carriers import CALLER, NUMBER, SID


def test_caller_hears_the_document_and_presses_a_key(dial, server):
    server.answer("/choice", "<Say>You chose sales.</Say>")
    call = dial('<Gather action="/choice" numDigits="1" timeout="60"><Say>Press one for sales.</Say></Gather>')
    call.hears("press one")
    call.presses("1")
    call.hears("you chose sales")
    assert call.waits_until() == "completed"
    assert server.to("/choice")[0].form["Digits"] == "1"


def test_every_request_is_signed_and_carries_the_standard_parameters(dial, server):
    call = dial("<Hangup/>")
    call.waits_until("completed")
    first = server.to("/start")[0]
    assert first.signed
    assert (
        first.form.items()
        >= {
            "CallSid": call.sid,
            "AccountSid": SID,
            "From": CALLER,
            "To": NUMBER,
            "Caller": CALLER,
            "Called": NUMBER,
            "CallStatus": "ringing",
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
            "FromCountry": "US",
        }.items()
    )
    assert first.headers["i-twilio-idempotency-token"]
    status = server.waits_for("/status")[0]
    assert status.signed and status.form["CallStatus"] == "completed" and status.form["SequenceNumber"] == "0"
