"""imageyard: registry sources and images, verified and kept in sync."""

__version__ = "0.1.0"
