"""How the studio looks: tokens, the Qt style made of them, and what is drawn by hand."""
