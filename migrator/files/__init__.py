"""Files on a disk: read and written whole, renamed in one step, compressed."""
