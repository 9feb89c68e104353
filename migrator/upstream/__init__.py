"""What a release of AIPerf writes, read off its wheel or source tree without installing or running it."""
