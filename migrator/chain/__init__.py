"""The chain: one ordered line of schema versions, each step declared once and run in both directions."""
