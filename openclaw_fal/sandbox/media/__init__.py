"""Media made to measure: images, videos and sound that players accept."""
