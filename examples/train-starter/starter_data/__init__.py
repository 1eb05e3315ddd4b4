"""Generator of business messages with instructions, for the starter model."""
