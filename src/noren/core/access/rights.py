"""Rights as words. A role is a table `noun.verb -> level`, plus what it may do with groups of fields."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """How far a right reaches. Several roles: the widest wins; there are no deny rules."""

    NONE = 0
    OWN = 1
    TEAM = 2
    ALL = 3


class Touch(IntEnum):
    """What may be done with a group of fields."""

    HIDDEN = 0
    READ = 1
    WRITE = 2


VERBS = ("view", "create", "edit", "remove", "export", "assign", "share")
GROUPS = ("public", "money", "private", "secret")

LEVEL_WORDS = {"none": Level.NONE, "own": Level.OWN, "team": Level.TEAM, "all": Level.ALL}
TOUCH_WORDS = {"hidden": Touch.HIDDEN, "read": Touch.READ, "write": Touch.WRITE}
