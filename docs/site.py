"""A hook of the site's builder: what a page of docs/ links to outside of it is named, for the site does not have it."""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page with links out of docs/ as names of files of the repository."""
    depth = page.file.src_uri.count("/")

    def named(link: re.Match[str]) -> str:
        text, target = link[1], link[2]
        if target.count("../") <= depth:
            return link[0]
        path = target.replace("../", "")
        return text if text.strip("`") == path else f"{text} (`{path}`)"

    return _OUTSIDE.sub(named, markdown)
