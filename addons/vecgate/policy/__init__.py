"""Who may do what: grants, masks, limits and approvals, judged on operations."""
