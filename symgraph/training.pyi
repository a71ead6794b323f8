from symgraph.use.training import *
