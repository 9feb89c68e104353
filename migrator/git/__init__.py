"""Exports in git: what `git diff` and `git log -p` show of them, its set-up, and files of old revisions."""
