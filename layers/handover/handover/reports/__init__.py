"""What Handover says of an import and of changes: results, errors, summary, notification, preview.

What it says was decided in `rules`, and where it is stored is for `pipeline`. Pure.
"""
