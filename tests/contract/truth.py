"""Who may do what, told a second time in plain words and tables. Knows nothing of the code it judges.

An actor stands in a relation to a row: it is their own, a teammate's, of somebody in a team below theirs, of a stranger
who shared it for reading or for editing, or of a stranger. Rows come in shapes: *owned*; *child* (no owner, follows its
parent); *about* (its own owner, follows what it is about); *open* (reference data for everybody).
"""

from __future__ import annotations

NONE, OWN, TEAM, ALL = range(4)

RELATIONS = {"own": OWN, "same team": TEAM, "team below": TEAM, "shared view": ALL, "shared edit": ALL, "foreign": ALL}

LEVELS: dict[str, dict[str, int]] = {
    "anonymous": {},
    "disabled": {},
    "nobody": {},
    "reader": {"view": ALL},
    "own": {"view": OWN, "edit": OWN, "remove": OWN, "close": OWN, "create": ALL},
    "team": {"view": TEAM, "edit": TEAM, "remove": TEAM, "close": TEAM, "create": ALL},
    "manager": {"view": ALL, "edit": TEAM, "remove": TEAM, "close": TEAM, "create": ALL},
    "read key": {"view": ALL, "edit": ALL, "remove": ALL, "close": ALL, "create": ALL},
    "admin": {"view": ALL, "edit": ALL, "remove": ALL, "close": ALL, "create": ALL},
}
OUTSIDE = ("anonymous", "disabled")


def reached(actor: str, relation: str, verb: str) -> bool:
    """By level alone: does the right of this verb go as far as this row's owner?"""
    return LEVELS[actor].get(verb, NONE) >= RELATIONS[relation]


def owned(actor: str, relation: str, verb: str) -> bool:
    if relation == "shared view" and verb == "view":
        return True
    if relation == "shared edit" and verb in ("view", "edit"):
        return True
    return reached(actor, relation, verb)


def may(actor: str, shape: str, relation: str, verb: str) -> bool:
    """Whether the verb is allowed on a row of this shape in this relation."""
    if actor in OUTSIDE:
        return False
    level = LEVELS[actor].get(verb, NONE)
    if shape == "open":
        return verb == "view" or level == ALL
    if shape == "owned":
        return owned(actor, relation, verb)
    if level == NONE or not owned(actor, relation, "view"):
        return False
    if verb == "view":
        return True
    if shape == "child" and relation == "shared edit":
        return True
    return reached(actor, relation, verb)


def status(actor: str, shape: str, relation: str, verb: str, *, changes: bool) -> int:
    """401 nobody valid; 403 a thing one sees but may not do; 404 a thing one may not know of; 200 allowed."""
    if actor in OUTSIDE:
        return 401
    if actor == "read key" and changes:
        return 403
    if not may(actor, shape, relation, "view"):
        return 404
    return 200 if may(actor, shape, relation, verb) else 403


def status_of_new(actor: str) -> int:
    if actor in OUTSIDE:
        return 401
    return 200 if LEVELS[actor].get("create", NONE) > NONE and actor != "read key" else 403
