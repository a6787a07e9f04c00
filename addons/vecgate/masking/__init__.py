"""What a caller without clearance gets instead of a vector, a score or a field."""
