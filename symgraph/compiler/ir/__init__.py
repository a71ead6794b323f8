"""The intermediate representation: nodes, hash-consed graphs, the op table, the text form, one evaluator."""
