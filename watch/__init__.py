"""Watch AIPerf: read newer releases off their wheels, say what changed, and draft the work."""
