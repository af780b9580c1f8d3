"""What people ask of the API: one module for each resource, named like its routes.

Bodies, answers and status codes are in `http`; what happens to files is in `pipeline`.
"""
