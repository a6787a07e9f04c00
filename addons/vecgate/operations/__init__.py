"""What a request would do: parsed once, strictly, into operations that are judged and a document that is sent."""
