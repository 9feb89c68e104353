"""Run: one export in full."""
