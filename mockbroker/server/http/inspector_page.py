"""The inspector: one page, put together from its parts, with nothing to load from anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from mockbroker.server.http.messages import Response

__all__ = ["inspector_page"]


@cache
def inspector_page() -> Response:
    """The page. It runs its own script and style only, and talks to nobody but where it came from."""
    parts = files("mockbroker.server.http") / "inspector"
    style = (parts / "inspector.css").read_text(encoding="utf-8")
    scripts = ("api.js", "views.js", "faults.js", "inspector.js")
    script = "\n".join((parts / name).read_text(encoding="utf-8") for name in scripts)
    page = (parts / "inspector.html").read_text(encoding="utf-8")
    page = page.replace("/*style*/", style).replace("/*script*/", script)
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = (("Content-Security-Policy", policy), ("Cache-Control", "no-cache"))
    return Response(200, page.encode(), "text/html; charset=utf-8", headers)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
