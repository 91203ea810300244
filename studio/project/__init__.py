"""The project room: what a creator makes, as plain values, and how it is edited and kept."""
