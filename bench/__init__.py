"""Measurements of speed: python -m bench. Ratios within one process; absolute times mean little elsewhere."""
