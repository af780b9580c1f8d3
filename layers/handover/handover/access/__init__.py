"""Who is asking, and what they may do: people, profiles, roles, imports of others, allowances.

Nothing here changes an assignment. Whether a line may assign a user is a rule (`handover.rules`).
"""
