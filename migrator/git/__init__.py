"""Exports in git: what `git diff` and `git log -p` show of them, setting that up, and reading old revisions."""
