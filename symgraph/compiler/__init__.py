"""From a spec to text: lowering, rewriting, differentiation, passes, backends."""
