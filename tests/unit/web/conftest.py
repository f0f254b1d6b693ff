"""The fixtures of these tests; what they are made of is in ``doorway``."""

from doorway import carrier, clock, control, filled, house, phone, settings

__all__ = ["carrier", "clock", "control", "filled", "house", "phone", "settings"]
