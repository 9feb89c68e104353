"""One receipt, five ways to read it: a terminal, a pull request, a browser, a CI report, annotations.

Each module has one function, `render`, from a [`Receipt`][migrator.diff.receipt.Receipt] to text. They say the same:
names, numbers and verdicts come from `words` and `numbers`, and each only escapes them for the place they go to.
"""
