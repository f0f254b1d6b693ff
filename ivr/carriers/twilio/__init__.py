"""Twilio: the one door to its SDK, its TwiML and its signatures."""
