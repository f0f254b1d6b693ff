"""The rules a flow must keep before a caller may hear it."""
