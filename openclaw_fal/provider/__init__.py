"""What each fal model takes: pure, no I/O."""
