"""The op table: each function that a model may call, by its values, derivatives, texts and bounds."""
