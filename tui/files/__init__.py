"""Files: every export under some paths."""
