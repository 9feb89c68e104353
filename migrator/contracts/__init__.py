"""What a reader of exports needs: as data, asked of a file, of each release, and inferred from the reader's source."""
