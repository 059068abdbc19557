"""Reads of activities: what a text means, what belongs to a record, what a day holds."""
