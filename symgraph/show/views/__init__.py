"""A model as people look at it: the graph of its named nodes with its numbers."""
