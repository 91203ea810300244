"""The procedural world that the starter model learns from: captioned scenes, drawn with numpy and OpenCV."""
