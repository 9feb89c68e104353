"""Two sweeps, or one: cells, fronts, capacity under a goal. Each cell is judged as any two sides are."""
