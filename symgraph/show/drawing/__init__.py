"""Pictures of graphs: boxes and arrows as plain data, their layout, and the texts that show them."""
