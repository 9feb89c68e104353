"""Compare runs and sweeps, learn noise, look at one sweep or at the history of workloads, and render any of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from migrator.api.paths import PathLike, Paths, names_of, texts_of
from migrator.diff.receipt import Receipt
from migrator.errors import UsageError
from migrator.values import dataclass, fields

if TYPE_CHECKING:
    from migrator.diff.noise import Profile
    from migrator.diff.sweep.single import OneSweep
    from migrator.history.sections import Section

Form = Literal["text", "markdown", "html", "junit", "github", "json"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison(Receipt):
    """A receipt, which a notebook shows as its page of HTML."""

    def __repr__(self) -> str:
        cells = f", {len(self.sweep.cells)} cells" if self.sweep else ""
        return f"<Comparison: {self.verdict.value}, {self.gate.size} rows in the gate{cells}>"

    def _repr_html_(self) -> str:
        from html import escape

        # A page with styles of its own: in a frame, it neither takes nor changes those of the notebook.
        page = escape(report(self, "html"), quote=True)
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 40em; border: 0" sandbox=""></iframe>'


def compare(
    base: Paths,
    candidate: Paths,
    *,
    fail_on: str | Iterable[str] = (),
    policy: PathLike | None = None,
    noise: PathLike | Profile | None = None,
    goals: str | Iterable[str] = (),
    by: str | Iterable[str] = (),
    vary: str | Iterable[str] = (),
) -> Comparison:
    """Compare two runs, two groups of repeated runs, or two sweeps cell by cell, metric by metric.

    Args:
        base: file, folder or URL of the baseline, or several.
        candidate: those of the candidate.
        fail_on: rules of a gate, in the form of `diff --fail-on`: `request_latency.p99:5`.
        policy: a policy file.
        noise: a noise profile, or its file, for fewer than three runs a side.
        goals: of sweeps, what a cell must meet to count as capacity: `time_to_first_token.p99<=200`.
        by: what the cells of two sweeps differ in; found by default.
        vary: what differs on purpose.

    Raises:
        MigratorError: a file cannot be read, or a rule, policy or goal is invalid.
    """
    import os

    from migrator.diff.noise import load_profile
    from migrator.diff.policy import Policy, from_file, from_options
    from migrator.diff.sides import load_side
    from migrator.diff.sweep.choose import Ask, compare_any
    from migrator.values import replace

    sides = [
        load_side(names_of(paths, what), stand_ins=True) for paths, what in ((base, "base"), (candidate, "candidate"))
    ]
    held_to = Policy() if policy is None else from_file(os.fspath(policy))
    rules = (*held_to.rules, *from_options(texts_of(fail_on)))
    held_to = replace(held_to, rules=rules, vary=(*held_to.vary, *texts_of(vary)))
    profile = load_profile(os.fspath(noise)) if isinstance(noise, (str, os.PathLike)) else noise
    ask = Ask(texts_of(by), texts_of(goals))
    receipt = compare_any(sides[0], sides[1], held_to, ask, noise=profile)
    return Comparison(**{one.name: getattr(receipt, one.name) for one in fields(Receipt)})


def learn_noise(paths: Paths) -> Profile:
    """How much repeated runs differ by themselves, for `compare(noise=…)`.

    Raises:
        MigratorError: a file cannot be read, or no configuration has three runs of one length.
    """
    from migrator.diff.noise import learn
    from migrator.diff.sides import load_side

    return learn(load_side(names_of(paths, "paths")).runs)


def front(
    paths: Paths,
    *,
    goals: str | Iterable[str] = (),
    by: str | Iterable[str] = (),
    vary: str | Iterable[str] = (),
) -> OneSweep:
    """One sweep: its cells, its front, and its capacity under goals.

    Args:
        paths: the folder of a sweep, its exports, or files about several runs where these are gone.
        goals: what a cell must meet to count as capacity.
        by: what the cells differ in; found by default.
        vary: what may differ within a cell.

    Raises:
        MigratorError: a file cannot be read, or the runs do not differ in what a sweep varies.
    """
    from migrator.diff.sides import load_side
    from migrator.diff.sweep.capacity import limits
    from migrator.diff.sweep.single import one_sweep

    side = load_side(names_of(paths, "paths"), stand_ins=True)
    return one_sweep(side, texts_of(by), limits(texts_of(goals)), vary=texts_of(vary))


def report(result: Receipt | OneSweep | list[Section], form: Form = "text") -> str:
    """A comparison, a sweep or a history as a text that ends with a newline.

    Args:
        result: what `compare`, `front` or `read_history` gave.
        form: the form; a sweep and a history have fewer than a comparison.

    Raises:
        UsageError: there is no such form of it.
    """
    from importlib import import_module

    if isinstance(result, Receipt):
        _require_form(form, ("text", "markdown", "html", "junit", "github", "json"), "a comparison")
        if form == "json":
            from migrator.diff.receipt import to_json
            from migrator.render.lines import harmless_json

            return harmless_json(to_json(result))
        room = "sweep" if result.sweep else "comparison"
        text: str = import_module(f"migrator.render.{room}.{form}").render(result)
    elif isinstance(result, list):
        _require_form(form, ("text", "html"), "a history")
        from migrator.history import html
        from migrator.history.text import lines

        text = html.render(result) if form == "html" else "\n\n".join("\n".join(lines(one)) for one in result)
    else:
        _require_form(form, ("text",), "a sweep")
        from migrator.render.sweep import single

        text = "\n".join(single.render(result))
    return text if text.endswith("\n") else text + "\n"


def _require_form(form: str, forms: tuple[str, ...], what: str) -> None:
    if form not in forms:
        raise UsageError(f"{what} has no form {form!r}", expected=", ".join(forms))
