"""Exercises for classes: graders that name the mistake of a student's function, and worksheets for any model."""
