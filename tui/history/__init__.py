"""History: the metrics of each workload over its runs."""
