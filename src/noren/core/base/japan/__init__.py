"""What Japan needs of a name, a number, an address and a day. Plain functions: no database, no framework."""
