"""Generates images, videos and audio that players accept."""
