"""What every worker must see: limits, tickets, revocations, epochs."""
