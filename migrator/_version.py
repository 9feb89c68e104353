"""The version of the distribution, its one declaration."""

__version__ = "0.2.0"
