from symgraph.judge.differences import *
