"""Many files: find them, migrate each on its own terms, and never let one bad file stop the rest."""
