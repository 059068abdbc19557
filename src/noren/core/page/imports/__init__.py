"""The import wizard: file, columns, trial run, run; and the list of what was brought in, with undo."""
