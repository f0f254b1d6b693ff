"""Queue and agents: requests → reservation → the two legs together."""

from ivr.dispatch.pop import Pop, PopState
from ivr.dispatch.promises import Promised, Promises
from ivr.dispatch.queue import Dispatch, Place

__all__ = ["Dispatch", "Place", "Pop", "PopState", "Promised", "Promises"]
