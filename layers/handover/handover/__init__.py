"""Handover: bulk assignment of account managers to customer accounts."""
