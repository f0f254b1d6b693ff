"""A Twilio for one machine, in its own process.

It obeys TwiML over signed HTTP, opens Media Streams, answers the REST calls of the official client, and offers a
control door on which people and tests place calls, press keys and speak. It knows only the wire: it imports nothing
else of this project.
"""
