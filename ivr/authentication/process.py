"""The voice process: audio in, verdicts out. The only process that loads the model.

Started by ``ivr serve`` as ``python -m ivr.authentication.process SOCKET``. Audio lives in its memory only and goes
with the call.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from biometrics import Keys
from biometrics.receipts import ReceiptFile, read_key
from ivr.authentication.messages import bodies, decode_to_voice
from ivr.authentication.print_keys import print_keys
from ivr.authentication.voice import VoiceProcess

NICENESS = 10  # a verdict may wait for a webhook, never a webhook for a verdict


async def serve(path: str, model_name: str, key: bytes | Keys, receipts: ReceiptFile) -> None:
    """Connect to the web process, which listens on ``path``, and work until it goes."""
    reader, writer = await asyncio.open_unix_connection(path)
    process = VoiceProcess(writer, model_name, key, receipts)
    loading = asyncio.create_task(process.load())
    try:
        async for body in bodies(reader):
            process.take(decode_to_voice(body))
    except ConnectionError:
        pass  # the web process has gone, and so do we
    finally:
        loading.cancel()
        writer.close()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s voice %(levelname)s %(message)s")
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the web process, which ends us
    keys = print_keys(os.environ["IVR_VOICEPRINT_KEY"], os.environ.get("IVR_VOICEPRINT_KEY_OLD", ""))
    receipt_key = os.environ.get("IVR_RECEIPT_KEY")
    receipts = ReceiptFile(Path(os.environ["IVR_RECEIPTS"]), read_key(receipt_key) if receipt_key else None)
    asyncio.run(serve(sys.argv[1], os.environ.get("IVR_SPEAKER_MODEL", ""), keys, receipts))
    os._exit(0)  # a model thread may still be busy; nothing is left to save


if __name__ == "__main__":
    main()
