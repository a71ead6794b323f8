"""The model spec: the declarations of a user, and the checks made while they are declared."""
