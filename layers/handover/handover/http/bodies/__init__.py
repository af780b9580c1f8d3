"""The bodies of answers. Only the description of the API needs them: no function imports them."""
