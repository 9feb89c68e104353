"""The migration of a document from one version to another: goal, plan, steps, residue, audit."""
