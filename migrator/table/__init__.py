"""Exports as rows and columns, for spreadsheets and for the tools that read tables."""
