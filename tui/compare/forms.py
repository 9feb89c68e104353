"""The dialogs before a comparison writes anything: the receipt's file, and a waiver with its reason."""

from __future__ import annotations

import os
import shlex

from migrator.errors import MigratorError
from migrator.render.safe import printable
from tui.common.form import Field, Form, Values
from tui.compare.model import FORMATS, Question, form_of
from tui.compare.table import Item
from tui.compare.waive import DEFAULT_NAME, waiver


def export_form(question: Question) -> Form:
    """Asks for the file that the receipt goes to; its answer has the `path`."""

    def problem(values: Values) -> str:
        path = values["path"].strip()
        if not form_of(path):
            return f"the name must end in {', '.join(FORMATS)}"
        return f"{path} exists already: choose another name" if os.path.lexists(path) else ""

    def describe(values: Values) -> list[str]:
        path = values["path"].strip()
        form = form_of(path)
        words = question.words("--format", form, "-o", path) if form else ()
        return [f"format   {form or '?'}", "", "the same as:", printable(shlex.join(words))]

    fields = (Field("path", "write the receipt to", "comparison.md", "name.md, name.html or name.json"),)
    return Form("export", fields, describe, problem, "Write")


def waiver_form(item: Item, metric: str, statistic: str, policy: str) -> Form:
    """Asks why a regression is accepted; its answer has the `reason`, `until` when, and the `path` of the policy.

    Args:
        item: the line of the regression.
        metric: today's name of its metric.
        statistic: its statistic.
        policy: the policy file that is proposed; empty for the usual name.
    """

    def problem(values: Values) -> str:
        try:
            waiver(metric, statistic, values["reason"], values["until"])
        except MigratorError as error:
            return str(error)
        return "" if values["path"].strip() else "the policy needs a file name"

    def describe(values: Values) -> list[str]:
        path = values["path"].strip()
        what = "a waiver is added at its end" if os.path.lexists(path) else "the file is made"
        return [f"accept   {item.name}, {item.change}", f"write    {printable(path)}: {what}"]

    fields = (
        Field("reason", "reason", "", "why it is accepted"),
        Field("until", "until (may stay empty)", "", "2026-12-31"),
        Field("path", "policy file", policy or DEFAULT_NAME),
    )
    return Form("waive a regression", fields, describe, problem, "Waive")
