"""Data from outside: files of rows, frames, streams, and the weights and options that are written beside them."""
