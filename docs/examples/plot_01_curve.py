"""
A curve
=======
"""

import symgraph

print(symgraph.Model)
