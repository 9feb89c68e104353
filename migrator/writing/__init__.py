"""How files are written: outputs, originals and their backups, the journal, and the way back, on disks and stores."""

from typing import Final

RESIDUE_SUFFIX: Final = ".residue.json"
"""A residue stands beside its document, under the document's whole name and this."""
