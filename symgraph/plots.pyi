from symgraph.show.plots import *
