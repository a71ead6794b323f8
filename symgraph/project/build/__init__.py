"""Builds: specs are read, modules generated, verified and written."""
