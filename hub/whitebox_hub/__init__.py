"""The centre: adds devices' vectors up, judges monitors, serves metrics and alerts."""

__version__ = "0.1.0"
