"""A project of specs: its settings, its compiled libraries, its builds."""
