"""Emission: from a kernel to expressions, statements and a flat view that templates lay out. Python text is made here."""
