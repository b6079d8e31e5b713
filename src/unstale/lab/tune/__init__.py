"""The search for a policy: candidates in a fixed order, run in the lab, and those that no other one beats."""
