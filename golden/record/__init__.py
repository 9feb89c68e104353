"""The recorder: run an AIPerf release against a loopback mock server, and keep what it writes."""
