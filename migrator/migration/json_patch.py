"""A migration as a JSON Patch (RFC 6902): operations that make the output of the input, for tools of any language.

The ledger is carried out on a copy of the input, entry by entry, and each change becomes an operation; what the ledger
tells in another form (list items that move, what a residue brought back) is compared with the output at the end. So
the operations always give the output. A value that goes is tested first: a patch does not apply to another document.
JSON Patch knows no order of keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any, Final

from migrator.errors import NotJsonError
from migrator.jsonfile import ABSENT, Json, Numeral, Object, Path, at, fingerprint
from migrator.ledger import Entry, Op
from migrator.migration.residue import copied
from migrator.redact import find_secrets, redact

Operation = dict[str, Any]
_TOLD_OTHERWISE: Final = (Op.REDACT, Op.KEEP, Op.RESTORE, Op.CONFLICT)


def json_patch(before: Object, after: Object, ledger: Iterable[Entry]) -> list[Operation]:
    """The operations that make one document of another. Secrets of the input are in none of them.

    Args:
        before: the document that was migrated.
        after: the result.
        ledger: what the migration did.

    Raises:
        NotJsonError: an operation would have to give a NaN or an infinity, which JSON does not have.
    """
    entries = list(ledger)
    patch = _Patch(before)
    if any(entry.op is Op.REDACT for entry in entries):
        patch.clean()
    for entry in entries:
        if entry.op not in _TOLD_OTHERWISE:
            patch.carry_out(entry)
    patch.finish(after)
    if not all(_is_json(operation.get("value")) for operation in patch.operations):
        raise NotJsonError("a JSON Patch cannot give NaN or Infinity", expected="values that JSON has")
    return patch.operations


def pointer(path: Path) -> str:
    """A place as a JSON Pointer (RFC 6901): `/run_info/trial`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


class _Patch:
    """The operations so far, and the document after them."""

    def __init__(self, document: Object) -> None:
        self.operations: list[Operation] = []
        self._document: Object = copied(document)
        self._secrets = find_secrets(document)

    def clean(self) -> None:
        """Take the secrets out. Where one stands in a key, the object around it is replaced: a path would show it."""
        clean, _ = redact(self._document)
        for path, value in list(_redacted(self._document, clean, ())):
            self._replace(path, value, test=False)

    def carry_out(self, entry: Entry) -> None:
        """One entry of the ledger, if it can be an operation of its own; else nothing."""
        path, target = entry.path, entry.to
        if target is not None:
            if self._is_key(path) and self._is_key(target) and self._has(path) and not self._has(target):
                self._move(path, target)
        elif not self._is_key(path):
            return
        elif entry.op is Op.ADD and not self._has(path):
            self._add(path, entry.after)
        elif entry.op is Op.DROP and self._has(path):
            self._remove(path)
        elif entry.op is Op.SET and self._has(path):
            self._replace(path, entry.after)

    def finish(self, after: Object) -> None:
        """Whatever is still another than in the output."""
        self._compare(self._document, after, ())

    def _compare(self, now: Json, wanted: Json, path: Path) -> None:
        if type(now) is dict and any(map(self._is_secret, now.keys() - wanted.keys() if type(wanted) is dict else ())):
            self._replace(path, wanted, test=False)
        elif type(now) is dict and type(wanted) is dict:
            for key in [key for key in now if key not in wanted]:
                self._remove((*path, key))
            for key, value in wanted.items():
                if key in now:
                    self._compare(now[key], value, (*path, key))
                else:
                    self._add((*path, key), value)
        elif type(now) is list and type(wanted) is list and len(now) == len(wanted):
            for index, value in enumerate(wanted):
                self._compare(now[index], value, (*path, index))
        elif fingerprint(now) != fingerprint(wanted):
            self._replace(path, wanted)

    # --- single operations -----------------------------------------------------------------------------------

    def _is_key(self, path: Path) -> bool:
        """Whether a place is a key of an object: taking items out of a list would move those behind them."""
        return type(path[-1]) is str and type(at(self._document, path[:-1])) in (dict, type(ABSENT))

    def _has(self, path: Path) -> bool:
        return at(self._document, path) is not ABSENT

    def _note(self, op: str, path: Path, **more: Json) -> None:
        self.operations.append({"op": op, "path": pointer(path), **more})

    def _test(self, path: Path) -> None:
        value = at(self._document, path)
        if _is_json(value) and not self._is_secret(value):
            self._note("test", path, value=copied(value))

    def _is_secret(self, value: Json) -> bool:
        return bool(self._secrets) and any(secret in text for text in _texts(value) for secret in self._secrets)

    def _open(self, path: Path) -> Object | None:
        """The object that holds a place, made if it is not there; None where something else stands in its way."""
        node: Json = self._document
        for length in range(1, len(path)):
            if type(node) is not dict:
                return None
            if path[length - 1] not in node:
                self._note("add", path[:length], value={})
                node[path[length - 1]] = {}
            node = node[path[length - 1]]
        return node if type(node) is dict else None

    def _add(self, path: Path, value: Json) -> None:
        holder = at(self._document, path[:-1])
        if holder is ABSENT and all(type(part) is str for part in path):
            holder = self._open(path)
        if type(holder) is dict:
            self._note("add", path, value=copied(value))
            holder[path[-1]] = copied(value)

    def _remove(self, path: Path) -> None:
        self._test(path)
        self._note("remove", path)
        del at(self._document, path[:-1])[path[-1]]

    def _replace(self, path: Path, value: Json, *, test: bool = True) -> None:
        if test:
            self._test(path)
        self._note("replace", path, value=copied(value))
        if path:
            at(self._document, path[:-1])[path[-1]] = copied(value)
        else:
            self._document = copied(value)

    def _move(self, path: Path, target: Path) -> None:
        if target[: len(path)] == path or not all(type(part) is str for part in target):
            return
        holder = self._open(target)
        if holder is not None:
            self._note("move", target, **{"from": pointer(path)})
            holder[str(target[-1])] = at(self._document, path[:-1]).pop(path[-1])


def _redacted(now: Json, clean: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    """Where a document without secrets is another, and what stands there."""
    if type(now) is dict and type(clean) is dict and list(now) == list(clean):
        for key in now:
            yield from _redacted(now[key], clean[key], (*path, key))
    elif type(now) is list and type(clean) is list and len(now) == len(clean):
        for index, item in enumerate(clean):
            yield from _redacted(now[index], item, (*path, index))
    elif fingerprint(now) != fingerprint(clean):
        yield path, clean


def _is_json(value: Json) -> bool:
    """Whether JSON has a value. It has neither NaN, which is not even equal to itself, nor infinities."""
    if type(value) is dict:
        return all(map(_is_json, value.values()))
    if type(value) is list:
        return all(map(_is_json, value))
    if isinstance(value, Numeral):
        return value.text.lstrip("-")[:1].isdigit()
    return not isinstance(value, float) or isfinite(value)


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value, keys included."""
    if type(value) is dict:
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif type(value) is list:
        for item in value:
            yield from _texts(item)
    elif type(value) is str:
        yield value
