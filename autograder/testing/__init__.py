"""What authors of tests write them with: calls, comparisons, inputs, pictures."""
