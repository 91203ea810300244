"""The reading room: what a prompt or a script says, as plain values that a creator can correct."""
