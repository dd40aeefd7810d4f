"""Enums for people to read."""

import enum


class Named(enum.IntEnum):
    """Numbers that show their names."""

    def __str__(self) -> str:
        return self.name
