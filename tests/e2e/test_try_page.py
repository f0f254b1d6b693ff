"""The three-pane page: a telephone, a smartphone and a desk in one browser."""

import pytest
from playwright.sync_api import expect
from serving import flask_app, listening, serving
from tabs import tab
from wire import Wire

from ivr.errors import SettingsError
from ivr.web.tryout import try_blueprint

HOME = "http://127.0.0.1"  # the public address of the double


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def panes(trial, wire, chromium):
    with listening(wire.app) as trial.settings.emulator_url, serving(trial) as address:
        trial.settings.public_url = address
        trial.trying.address = address
        for page in tab(
            chromium, base_url=address, viewport={"width": 1440, "height": 1100}, permissions=["microphone"]
        ):
            page.goto("/try")
            expect(page.get_by_label("You are")).to_contain_text("Ada Marsh")
            yield page


def test_a_call_on_three_panes(trial, wire, panes):
    panes.get_by_role("button", name="Call +441632960000").click()
    expect(panes.get_by_text("on the call", exact=True)).to_be_visible()
    assert wire.calls == [{"from": "+441632960101", "to": "+441632960000"}]
    wire.says("Welcome to Riverside Bank. Your digits are 4 7.")
    expect(panes.locator("#talk .phone")).to_have_text(["Welcome to Riverside Bank. Your digits are 4 7."])
    panes.get_by_role("group", name="Keypad").get_by_role("button", name="2", exact=False).first.click()
    panes.get_by_label("Say in words").fill("balance")
    panes.keyboard.press("Enter")
    expect(panes.get_by_label("What is said on the phone")).to_contain_text("balance")

    trial.rings(digits="47")
    wire.texts("+441632960199", "Not for this phone.")
    wire.texts("+441632960101", f"Your page: {trial.settings.public_url}{trial.sends_link()}")
    expect(panes.locator("#texts li")).to_have_count(1)
    panes.get_by_role("link").click()
    handset = panes.frame_locator("#page")
    handset.get_by_label("The two digits").fill("47")
    handset.get_by_role("button", name="Open my call").click()
    handset.get_by_role("button", name="Report a lost card").click()
    expect(handset.get_by_label("Last four digits of the card")).to_be_visible()
    expect(panes.locator("#lines tr").first).to_contain_text("taps 2")

    panes.get_by_role("button", name="Hang up").click()
    wire.ends()
    expect(panes.get_by_text("not on a call")).to_be_visible()
    sent = [{"event": "key", "digit": "2"}, {"event": "speech", "text": "balance"}, {"event": "hangup"}]
    assert wire.gets(3) == sent


def test_the_desk_needs_no_account_and_its_ticket_works_once(trial, panes):
    desk = panes.frame_locator("iframe[name=desk]")
    expect(desk.get_by_role("heading", name="Sam")).to_be_visible()
    assert trial.dispatch.tickets == set()


def test_the_address_says_who_calls_and_who_looks(panes):
    panes.goto("/try?role=caller&caller=100102&second=stranger")
    expect(panes.locator("#who option:checked")).to_contain_text("Ben Okoro")
    expect(panes.locator("#who-2 option:checked")).to_contain_text("A stranger")
    expect(panes.locator("#who-2 option", has_text="Ben Okoro")).to_be_disabled()
    expect(panes.get_by_role("button", name="Caller", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(panes.get_by_title("The agent's desk")).to_be_hidden()
    expect(panes.get_by_role("table")).to_be_hidden()

    panes.get_by_role("button", name="Agent").click()
    expect(panes.get_by_title("The agent's desk")).to_be_visible()
    expect(panes.get_by_role("button", name="Call +441632960000").first).to_be_hidden()
    panes.get_by_role("button", name="Second caller").click()
    assert panes.url.endswith("/try?role=agent&caller=100102")
    panes.get_by_role("button", name="Everything").click()
    expect(panes.get_by_role("table")).to_be_visible()
    expect(panes.get_by_label("You are")).to_be_visible()


def test_a_language_that_is_offered_is_one_button_away(wire, panes):
    panes.get_by_role("button", name="Call +441632960000").click()
    expect(panes.get_by_text("on the call", exact=True)).to_be_visible()
    wire.says("For your balance, press 1. For Farsi, press 5. For a <b>, press 6.")
    wire.says("Sorry? For Farsi, press 5.")
    panes.get_by_role("button", name="فارسی").click()
    expect(panes.locator("#talk .you.key")).to_have_text("5")
    expect(panes.get_by_role("button", name="فارسی")).to_have_count(0)
    panes.get_by_label("Say in words").fill("done")
    panes.keyboard.press("Enter")
    assert wire.gets(2) == [{"event": "key", "digit": "5"}, {"event": "speech", "text": "done"}]


def test_a_language_chosen_before_the_call_is_taken_when_it_is_offered(wire, panes):
    panes.goto("/try?language=fa")
    expect(panes.get_by_label("The call is in")).to_have_value("fa")
    panes.get_by_role("button", name="Call +441632960000").click()
    expect(panes.get_by_text("on the call", exact=True)).to_be_visible()
    wire.says("For your balance, press 1. For Farsi, press 5.")
    assert wire.gets(1) == [{"event": "key", "digit": "5"}]
    expect(panes.get_by_role("button", name="فارسی")).to_have_count(0)
    assert "language=fa" in panes.url


def test_prompts_are_heard_as_the_carrier_speaks_them(trial, wire, panes):
    expect(panes.get_by_label("Speak prompts")).to_be_checked()
    panes.get_by_role("button", name="Call +441632960000").click()
    expect(panes.get_by_text("on the call", exact=True)).to_be_visible()
    panes.evaluate(
        """() => {
          const played = [];
          const start = AudioBufferSourceNode.prototype.start;
          AudioBufferSourceNode.prototype.start = function () {
            played.push(this.buffer.duration);
            document.body.dataset.played = played.join(" ");
            start.call(this);
          };
        }"""
    )
    with panes.expect_response("**/emulator/calls/CA1/sounds/0"):
        wire.says("Hello.", sound=bytes([0xFF]) * 4000)
    expect(panes.locator("body")).to_have_attribute("data-played", "0.5")
    expect(panes.locator("#talk .phone")).to_have_text(["Hello."])
    wire.says("", sound=bytes([0xFF]) * 800)
    expect(panes.locator("#talk .note").last).to_have_text("A recording is played.")
    expect(panes.locator("body")).to_have_attribute("data-played", "0.5 0.1")


def test_an_impostor_keeps_the_number_and_gets_other_voices(trial, wire, panes):
    voices = panes.locator("#voices button")
    expect(voices).to_have_text(["Ada's voice"])
    panes.get_by_label("Impostor").check()
    expect(voices).to_have_text(["Ben's voice"])
    expect(panes.locator("#facts")).not_to_contain_text("PIN")
    panes.get_by_role("button", name="Call +441632960000").click()
    voices.first.click()
    expect(panes.get_by_label("What is said on the phone")).to_contain_text("The kettle has just boiled.")
    expect(voices.first).not_to_have_attribute("aria-pressed", "true")
    assert wire.calls == [{"from": "+441632960101", "to": "+441632960000"}]
    assert wire.sound == bytes([0xFF]) * 8000


def test_the_microphone_becomes_telephone_sound(trial, wire, chromium, panes):
    # A tone through the very worklet of the page, in an offline context: 1 kHz passes, 5 kHz must not alias.
    measured = panes.evaluate(
        """async () => {
          const worklet = document.getElementById("try").dataset.microphone;
          const level = async (frequency) => {
            const context = new OfflineAudioContext(1, 48000, 48000);
            await context.audioWorklet.addModule(worklet);
            const node = new AudioWorkletNode(context, "telephone-line", { numberOfOutputs: 0 });
            const codes = [];
            node.port.onmessage = (message) => codes.push(...message.data);
            const tone = new OscillatorNode(context, { frequency });
            tone.connect(node);
            tone.start();
            await context.startRendering();
            await new Promise((resolve) => setTimeout(resolve, 100));
            const linear = (code) => {
              const bits = ~code & 0xff;
              const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
              return (bits & 0x80 ? -magnitude : magnitude) / 32768;
            };
            const settled = codes.slice(800).map(linear);
            return { count: codes.length, rms: Math.hypot(...settled) / Math.sqrt(settled.length) };
          };
          return [await level(1000), await level(5000)];
        }"""
    )
    passed, stopped = measured
    assert 7700 <= passed["count"] <= 8000 and passed["count"] % 160 == 0
    assert passed["rms"] == pytest.approx(0.707, rel=0.03)
    assert stopped["rms"] < 0.01


def test_without_an_emulator_the_page_says_so(trial, chromium):
    with serving(trial) as trial.settings.public_url:
        for page in tab(chromium, base_url=trial.settings.public_url, viewport={"width": 1440, "height": 900}):
            page.goto("/try")
            expect(page.get_by_role("alert")).to_contain_text("does not answer")


def test_the_page_is_there_in_try_mode_only(services, trial):
    assert flask_app(services).test_client().get("/try", base_url=HOME).status_code == 200
    services.settings.try_mode = False
    assert flask_app(services).test_client().get("/try", base_url=HOME).status_code == 404
    with pytest.raises(SettingsError, match="make serve"):
        try_blueprint(services)


def test_it_may_reach_the_emulator_and_nothing_else(trial):
    policy = flask_app(trial).test_client().get("/try", base_url=HOME).headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:8901 ws://127.0.0.1:8901;" in policy
    assert "unsafe" not in policy


def test_a_page_elsewhere_whose_name_leads_here_reads_nothing(trial):
    client = flask_app(trial).test_client()
    for path in ("/try", "/try/contacts", "/try/lines"):
        assert client.get(path, headers={"Host": "evil.example:8000"}).status_code == 403
    for path in ("/try/contacts", "/try/lines"):
        assert client.get(path, headers={"Host": "localhost:8000"}).status_code == 200
    moved = client.get("/try?role=agent", headers={"Host": "localhost:8000"})
    assert moved.status_code == 302 and moved.location == f"{HOME}/try?role=agent"


def test_a_smartphone_s_network_is_told_and_changed(trial):
    client = flask_app(trial).test_client()
    assert client.get("/try/signal/0").json == {"signal": "good"}
    assert client.post("/try/signal/0", data={"signal": "slow"}).json == {"signal": "slow"}
    assert client.get("/try/signal/0").json == {"signal": "slow"}
    wrong = client.post("/try/signal/0", data={"signal": "<b>"})
    assert wrong.status_code == 400 and "good, slow, flaky, offline" in wrong.text and "html" not in wrong.content_type
    assert client.get("/try/signal/1").json == {"signal": "good"}
    assert client.get("/try/signal/2").status_code == 404
    elsewhere = client.post("/try/signal/0", data={"signal": "good"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def test_sample_voices_are_served_as_telephone_sound(trial):
    client = flask_app(trial).test_client()
    assert client.get("/try/voices/ada").content_type == "audio/basic"
    assert client.get("/try/voices/nobody").status_code == 404
