"""Callers who talk, for ``push``: their Media Streams in real time, as Twilio sends them, until ended.

Reads one line from standard input, a JSON list of (call sid, ticket); says "heard" when every stream has begun. Exits
with 1 if one of them ends by itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time

import uvloop
import websockets

from tests.bench import lab
from tests.bench.voice import ulaw

FRAME = 160  # bytes: 20 ms


async def talk(port: int, sid: str, ticket: str, payloads: list[str], begun: asyncio.Event) -> None:
    url = f"ws://127.0.0.1:{port}/voice/stream"
    headers = {"X-Twilio-Signature": lab.sign(url, {})}
    async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
        stream = "MZ" + sid[2:]
        start = {
            "streamSid": stream, "accountSid": lab.ACCOUNT, "callSid": sid, "tracks": ["inbound"],
            "customParameters": {"ticket": ticket},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }  # fmt: skip
        await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await socket.send(json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": stream, "start": start}))
        began = time.monotonic()
        for sent in range(1 << 30):
            await socket.send(
                f'{{"event":"media","sequenceNumber":"{sent + 2}","streamSid":"{stream}","media":{{"track":"inbound",'
                f'"chunk":"{sent + 1}","timestamp":"{20 * sent}","payload":"{payloads[sent % len(payloads)]}"}}}}'
            )
            begun.set()
            await asyncio.sleep(max(0.0, began + 0.02 * (sent + 1) - time.monotonic()))


async def main(port: int, calls: list[tuple[str, str]]) -> None:
    audio = ulaw("verification")
    payloads = [
        base64.b64encode(audio[at : at + FRAME].ljust(FRAME, b"\xff")).decode() for at in range(0, len(audio), FRAME)
    ]
    async with asyncio.TaskGroup() as group:
        for number, (sid, ticket) in enumerate(calls):
            begun, turned = asyncio.Event(), 5 * number % len(payloads)
            group.create_task(talk(port, sid, ticket, payloads[turned:] + payloads[:turned], begun))
            await begun.wait()
        print("heard", flush=True)
        await asyncio.Event().wait()  # until ended, also where nobody talks


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), json.loads(sys.stdin.readline())))
