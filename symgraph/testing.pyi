from symgraph.use.testing import *
