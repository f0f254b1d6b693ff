"""Which words an agent who looks at the caller's page may read: those without a value of the caller's.

An author marks nothing. A text is public if every name in it is known to the agent anyway (the title, the number the
call comes from, the queue); whatever was looked up, answered, set, or opens the page is not. In doubt a text is private.
"""

from __future__ import annotations

from ivr.flow.expressions import text_names
from ivr.flow.steps import Text

PUBLIC_ROOTS = frozenset({"flow", "queue", "caller"})


def is_public(text: Text) -> bool:
    try:
        return all(root in PUBLIC_ROOTS for root, _name in text_names(text.source))
    except ValueError:
        return False
