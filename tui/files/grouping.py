"""Files of the list below lines that fold: by folder, or by version. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any, NamedTuple

from migrator.render.text import plural
from tui.common.rows import safe_text
from tui.files.export import Export


class Row(NamedTuple):
    """A visible line: a file, or a folder or group with its key and what is in it."""

    key: str
    depth: int = 0
    export: Export | None = None
    title: str = ""
    inside: tuple[Export, ...] = ()


def by_version(exports: Sequence[Export], folded: Set[str]) -> Iterator[Row]:
    """The files by schema version, below a line for each; other families and what cannot be read come last."""
    groups: dict[str, list[Export]] = {}
    for export in exports:
        groups.setdefault(_group(export), []).append(export)
    for name in sorted(groups, key=_group_rank):
        inside = tuple(groups[name])
        outdated = sum(export.outdated for export in inside)
        need = f", {outdated} {'needs' if outdated == 1 else 'need'} migration" if outdated else ""
        yield Row(f"group {name}", 0, None, f"{name}   {plural(len(inside), 'file')}{need}", inside)
        if f"group {name}" not in folded:
            yield from (Row(export.path, 1, export) for export in inside)


def tree(exports: Sequence[Export], folded: Set[str]) -> list[Row]:
    """The files below a line for each folder."""
    root: dict[str, Any] = {}
    for export in exports:
        *folders, name = export.relative.split("/")
        node = root
        for folder in folders:
            node = node.setdefault(f"{folder}/", {})
        # A name that stands there already is of another path that was named: both are shown.
        node[name if name not in node else f"{name}\0{export.path}"] = export
    return _lines_of(root, folded)


def _lines_of(root: dict[str, Any], folded: Set[str]) -> list[Row]:
    """Folders before what is in them. Not recursive: a tree may be deeper than calls can be."""
    rows: list[Row] = []
    leaves: list[Export] = []
    # (name, node, path of the folder it is in, depth, whether it is seen), or the end of a folder.
    pending: list[tuple[str, Any, str, int, bool]] = [(n, v, "", 0, True) for n, v in reversed(root.items())]
    while pending:
        name, node, above, depth, seen = pending.pop()
        while isinstance(node, dict) and len(node) == 1:
            # Folders in each other with nothing else, and the folder of one file, are on one line.
            ((inner, node),) = node.items()
            name += inner.partition("\0")[0]
        if isinstance(node, Export):
            leaves.append(node)
            if seen:
                rows.append(Row(node.path, depth, node, name))
        elif isinstance(node, dict):
            path = above + name
            pending.append((name, (len(rows), len(leaves)), path, depth, seen))
            if seen:
                rows.append(Row(f"folder {path}", depth))
            open_ = seen and f"folder {path}" not in folded
            pending.extend((n, v, path, depth + 1, open_) for n, v in reversed(node.items()))
        elif seen:
            place, start = node
            inside = tuple(leaves[start:])
            outdated = sum(export.outdated for export in inside)
            need = f", {outdated} to migrate" if outdated else ""
            title = f"{safe_text(name)}   {len(inside)}{need}"
            rows[place] = rows[place]._replace(title=title, inside=inside)
    return rows


def _group(export: Export) -> str:
    if not export.read:
        return "not read yet"
    if export.error:
        return "unreadable"
    return f"schema {export.version}" if export.main else export.family


def _group_rank(name: str) -> tuple[int, int, str]:
    major, _, minor = name.removeprefix("schema ").partition(".")
    if name.startswith("schema ") and major.isdecimal() and minor.isdecimal():
        return int(major), int(minor), name
    return (10**6 if name not in ("unreadable", "not read yet") else 10**5), 0, name
