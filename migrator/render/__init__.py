"""Results in, text out. Nothing here opens a file or knows a stream."""
