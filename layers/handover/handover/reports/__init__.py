"""What Handover reports of imports and changes: results, errors, summary, notification, preview.

`rules` decide the content, and `pipeline` stores it. Pure.
"""
