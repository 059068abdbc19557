"""The few screens made by hand: writing down, the day, the inbox, files."""
