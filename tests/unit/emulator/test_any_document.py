"""Whatever TwiML a server answers, the call survives it or ends; the emulator itself never fails."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .carriers import CALLER, NUMBER

words = st.sampled_from(["", "Hello.", "One &amp; two", "x" * 40])
seconds = st.sampled_from(["0", "1", "-1", "soon", ""])
keys = st.sampled_from(["1", "#", "", "12", "*"])


def tag(element: str, inside: str = "", **attributes: str) -> str:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{element}{written}>{inside}</{element}>"


prompts = st.one_of(
    words.map(lambda text: tag("Say", text)),
    seconds.map(lambda length: tag("Pause", length=length)),
    words.map(lambda text: tag("Play", f"/{len(text)}")),
    keys.map(lambda digits: tag("Play", digits=digits)),
)
verbs = st.one_of(
    prompts,
    st.tuples(st.lists(prompts, max_size=2), seconds, keys).map(
        lambda g: tag("Gather", "".join(g[0]), timeout=g[1], finishOnKey=g[2], action="/next")
    ),
    st.sampled_from(
        [
            tag("Dial", "+15550199", timeout="1"),
            tag("Dial", "", timeout="1"),
            tag("Dial", tag("Queue", "nowhere"), timeout="1"),
            tag("Enqueue", "q", waitUrl="/leave", action="/next"),
            tag("Enqueue", ""),
            tag("Record", timeout="1", maxLength="1", action="/next"),
            tag("Start", tag("Stream", url="ws://127.0.0.1:9/")),
            tag("Stop", tag("Stream", name="none")),
            tag("Redirect", "/next"),
            tag("Reject"),
            tag("Leave"),
            tag("Pay"),
            tag("Nonsense"),
            "stray text",
        ]
    ),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(verbs, max_size=4))
def test_every_call_ends_and_the_emulator_never_fails(carrier, server, document):
    server.clear()
    server.answer("/start", "".join(document))
    server.answer("/next", "<Say>Next.</Say>")
    server.answer("/leave", "<Leave/>")
    server.answer("/fallback", "<Say>Sorry.</Say>")
    call = carrier.dials(CALLER, NUMBER)
    call.waits_until(within_seconds=30)
    failures = [entry for entry in carrier.debugger() if "Internal failure" in entry["message"]]
    assert failures == []
