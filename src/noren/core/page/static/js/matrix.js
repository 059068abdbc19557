// Filled below
