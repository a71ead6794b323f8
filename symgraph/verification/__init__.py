"""The verification of a build: generated modules against the spec's own expressions, at high precision."""

from symgraph.verification.report import VerificationReport
from symgraph.verification.verify import verify

__all__ = ["VerificationReport", "verify"]
