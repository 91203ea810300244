"""The engine's HTTP and WebSocket face: answers at once, imports nothing heavy."""
