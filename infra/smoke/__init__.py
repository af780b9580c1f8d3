"""The main job on a stack that is deployed anywhere, in a tenant of its own: `handover smoke`.

This room has the steps of the job, and removes what they leave. The commands that people use are in
`infra.cli`.
"""
