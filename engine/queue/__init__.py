"""Which jobs there are and which one is next; on disk before anybody is told."""
