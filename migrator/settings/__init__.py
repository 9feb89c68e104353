"""What a project or a user sets once: `aiperf-migrate.toml`, `[tool.aiperf-migrate]` of pyproject.toml, variables."""
