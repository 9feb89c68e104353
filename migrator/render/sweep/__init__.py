"""A receipt of two sweeps as text, markdown, HTML, JUnit and annotations: like a comparison, cell by cell."""
