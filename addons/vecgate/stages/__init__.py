"""The pipeline's stages: one thin mitmproxy addon per file, in the order of `vecgate.pipeline`."""
