"""One module a command; `migrator.cli.main` imports the one that is called."""
