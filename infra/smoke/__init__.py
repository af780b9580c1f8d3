"""The main job on a stack that is deployed anywhere, in a tenant of its own: `handover smoke`.

Here is what the job consists of, and what it leaves and how that is removed. What the commands of
people do lies in `infra.cli`.
"""
