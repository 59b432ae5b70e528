"""`mockbroker demo`: the main job, narrated. Stock clients do it; each step says what it showed, and checks it."""

from __future__ import annotations

__all__ = ["run"]


def run() -> int:
    """Show everything.

    Returns:
        0 when every step held, 1 when one did not, 2 when the client is not installed.
    """
    import sys
    from importlib.util import find_spec

    if find_spec("kafka") is None:
        print("the demo drives kafka-python: pip install 'mockbroker[demo]'", file=sys.stderr)
        return 2
    from mockbroker.demo.story import tell

    return tell()
