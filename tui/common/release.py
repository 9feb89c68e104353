"""The release that wrote an export, as far as the file tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.identify import Identity


def writers_of(found: Identity) -> tuple[str, ...]:
    """The releases that can have written a file, oldest first; empty if that is not known.

    From the first labelled version on every release writes its name into the file. A file of such a version without
    a name was migrated from an older one, so no release that writes this version wrote it.
    """
    from migrator.aiperf.releases import version_key
    from migrator.chain.steps import FIRST_LABELLED

    if found.writer:
        return (found.writer,)
    is_labelled = any(version_key(version) >= version_key(FIRST_LABELLED) for version in found.versions)
    return () if is_labelled else found.writers
