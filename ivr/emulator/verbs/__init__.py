"""What each TwiML verb does on a leg."""

from ivr.emulator.schema import ELEMENTS
from ivr.emulator.verbs import dial, flow, gather, prompts, queues, record, streams

LEG_WHISPER_VERBS = frozenset({"Play", "Say", "Pause", "Gather", "Hangup", "Redirect"})

# Every verb that may stand in a Response has an entry; those not listed here are refused with an error.
VERBS = dict.fromkeys(ELEMENTS["Response"].children, flow.not_offered) | {
    "Say": prompts.say,
    "Play": prompts.play,
    "Pause": prompts.pause,
    "Gather": gather.gather,
    "Record": record.record,
    "Dial": dial.dial,
    "Enqueue": queues.enqueue,
    "Leave": flow.leave,
    "Redirect": flow.redirect,
    "Hangup": flow.hangup,
    "Reject": flow.reject,
    "Start": streams.start,
    "Stop": streams.stop,
    "Connect": streams.connect,
}
