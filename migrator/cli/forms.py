"""Which form an output has: what the command line says, or what the name of the file says; never two things."""

from __future__ import annotations

from collections.abc import Mapping

from migrator.errors import UsageError


def form_of(asked: str | None, output: str | None, endings: Mapping[str, str], default: str) -> str:
    """The form of an output.

    Args:
        asked: `--format`; None if it was not given.
        output: the file to write; None for standard output.
        endings: ending of a name → form.
        default: the form where nothing says anything.

    Raises:
        UsageError: the name says another form than the option, or one that there is not.
    """
    name = (output or "").lower().rpartition("/")[2]
    told = next((form for ending, form in endings.items() if name.endswith(ending)), None)
    if asked and told and asked != told:
        raise UsageError(f"--format {asked} and {output} contradict each other", hint="leave one of them out")
    if asked or told:
        return asked or told or default
    if "." in name.lstrip("."):
        known = ", ".join(endings)
        raise UsageError(f"no form is known for {output}", expected=f"a name that ends in {known}, or --format")
    return default
