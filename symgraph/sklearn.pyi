from symgraph.use.sklearn import *
