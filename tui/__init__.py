"""The terminal UI: thin screens over the objects that the command line renders.

`tui` knows `migrator`, never the other way round. What a screen shows is worked out in plain modules (`model.py`,
`outline.py`, `curve.py`, …) which know nothing of Textual and are tested without it.
"""
