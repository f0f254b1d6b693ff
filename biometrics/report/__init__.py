"""One page on how well speaker models do: measured, with intervals, and with what the figures cannot say.

``heard`` speakers as callers → ``embeddings`` (kept) → ``scores`` → ``figures`` (plain values, results.json) → ``page``.
"""
