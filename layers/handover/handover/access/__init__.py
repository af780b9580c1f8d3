"""Who is asking, and what they may do: people, profiles, roles, others' imports, sign-ins, audit.

Nothing here changes an assignment. Whether a line may assign a user is a rule, in `rules`.
"""
