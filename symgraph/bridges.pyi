from symgraph.use.bridges import *
