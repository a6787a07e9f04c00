"""What tests share: servers, tokens, clients."""
