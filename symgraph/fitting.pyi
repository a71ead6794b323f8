from symgraph.use.fitting import *
