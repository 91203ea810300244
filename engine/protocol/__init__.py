"""What the studio, the engine and its workers say to each other."""
