"""Optional libraries: how to install what is missing, from where the tool itself came.

Nobody knows that `aiperf-migrate` means this project on an index: so the command names the folder, the repository or
the file that pip recorded (`direct_url.json`, of the packaging standards), if it recorded one.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

NAME: Final = "aiperf-migrate"
_ABOVE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@cache
def install(extra: str = "") -> str:
    """The command that installs the tool again, with the libraries of an extra, for a shell."""
    return f"pip install {_requirement(f'[{extra}]' if extra else '')}"


def _requirement(extras: str) -> str:
    # Slow to import, and only needed for an error.
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from shlex import quote
    from urllib.parse import unquote, urlsplit

    try:
        recorded = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return quote(f"{_ABOVE}{extras}")
    except ValueError:
        recorded = {}
    url = recorded.get("url", "")
    if url.startswith("file:"):
        path = unquote(urlsplit(url).path)
        if recorded.get("dir_info", {}).get("editable"):
            return f"-e {quote(path + extras)}"
        return quote(path + extras if os.path.isdir(path) else f"{NAME}{extras} @ {url}")
    if version_control := recorded.get("vcs_info"):
        asked = version_control.get("requested_revision")
        return quote(f"{NAME}{extras} @ {version_control['vcs']}+{url}{f'@{asked}' if asked else ''}")
    return quote(f"{NAME}{extras} @ {url}" if url else f"{NAME}{extras}")
