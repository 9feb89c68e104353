"""`input_config`: the configuration inside an export, in the dialect of each AIPerf release."""
