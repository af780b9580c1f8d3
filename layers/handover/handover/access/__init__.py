"""Who is asking, and what they may do: people, profiles, roles, others' imports, sign-ins, audit.

Nothing here changes an assignment, and whether a line may assign a user is a rule (`rules`).
"""
