"""How Reelwright's embedded starter model is made: world, captions, training, evaluation, export."""
