"""Keep AIPerf benchmark exports readable across every schema version and release."""

from migrator._version import __version__

__all__ = ["__version__"]
