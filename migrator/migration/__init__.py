"""A document from one version to another: the plan, the residue, the audit."""
