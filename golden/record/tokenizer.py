"""A tiny byte-level BPE tokenizer, written as the two files that `transformers` loads; no model is downloaded.

Every byte is a token, and merges are learned from one sentence until each of its words is a token of its own. The same
merges come out on every machine.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

NAME: Final = "acme/tiny-tok"
"""The name that command lines use, as of a model on a hub."""

TEXT: Final = "a quiet river runs past seven green hills while the old miller counts his bags of grain"
"""What the tokenizer knows, and what the mock server says: each of these words is one token."""
_SPECIAL: Final = ("<unk>", "<s>", "</s>")


def byte_alphabet() -> dict[int, str]:
    """The printable character that byte-level BPE writes for each byte: itself if printable, else one past U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = (byte for byte in range(256) if byte not in printable)
    return {byte: chr(byte) for byte in sorted(printable)} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}


def merges(text: str = TEXT) -> list[tuple[str, str]]:
    """All merges: again and again the most frequent pair of neighbours, the first in order among equals."""
    space = byte_alphabet()[0x20]
    words = Counter(tuple(space + word) for word in text.split())
    found: list[tuple[str, str]] = []
    while pairs := _neighbours(words):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        found.append(best)
        merged: Counter[tuple[str, ...]] = Counter()
        for word, count in words.items():
            merged[_joined(word, best)] += count
        words = merged
    return found


def _neighbours(words: Counter[tuple[str, ...]]) -> Counter[tuple[str, str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    for word, count in words.items():
        for pair in itertools.pairwise(word):
            pairs[pair] += count
    return pairs


def _joined(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    parts: list[str] = []
    for part in word:
        if parts and (parts[-1], part) == pair:
            parts[-1] += part
        else:
            parts.append(part)
    return tuple(parts)


def tokenizer() -> dict[str, Any]:
    """The content of `tokenizer.json`."""
    learned = merges()
    tokens = [*_SPECIAL, *byte_alphabet().values(), *(left + right for left, right in learned)]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": vocabulary[token],
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for token in _SPECIAL
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": [f"{left} {right}" for left, right in learned],
        },
    }


def write(home: Path) -> None:
    """Put the tokenizer into the Hugging Face cache of a home folder, where every release finds it offline."""
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "model_max_length": 131072,
        "clean_up_tokenization_spaces": False,
    }
    # The model's own configuration is looked for, though nothing in it is needed.
    contents = {"tokenizer.json": tokenizer(), "tokenizer_config.json": settings, "config.json": {}}
    texts = {name: json.dumps(content, ensure_ascii=False, indent=1) for name, content in contents.items()}
    commit = sha1("".join(texts.values()).encode(), usedforsecurity=False).hexdigest()
    cached = home / ".cache" / "huggingface" / "hub" / f"models--{NAME.replace('/', '--')}"
    for folder in (cached / "refs", cached / "snapshots" / commit):
        folder.mkdir(parents=True)
    (cached / "refs" / "main").write_text(commit, encoding="utf-8")
    for name, text in texts.items():
        (cached / "snapshots" / commit / name).write_text(text, encoding="utf-8")
