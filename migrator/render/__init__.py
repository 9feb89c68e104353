"""Results as text. Nothing here reads or writes a file or stream."""
