"""django-import-export on SQLite in memory: prints the seconds a changed and an unchanged line.

    python django_peer.py LINES ROUNDS

A process of its own, as Django is configured once for each and is no dependency of Handover.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import django
from django.conf import settings

USERS = 40


def main(lines: int, rounds: int) -> None:
    """Imports a file that changes every line, then the same file again, that many times."""
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.configure(
        DATABASES=databases, INSTALLED_APPS=["import_export"], DEFAULT_AUTO_FIELD="", USE_TZ=True
    )
    django.setup()
    resource = _made(lines)
    changed: list[float] = []
    unchanged: list[float] = []
    for turn in range(rounds):
        for found, is_again in ((changed, False), (unchanged, True)):
            data = _dataset(lines, turn)
            begun = time.process_time()
            result = resource().import_data(data, raise_errors=True)
            found.append((time.process_time() - begun) / lines)
            expected = result.totals["skip" if is_again else "update"]
            if expected != lines:
                raise SystemExit(f"of {lines} lines {expected} did what they should")
    print(json.dumps([statistics.median(changed), statistics.median(unchanged)]))


def _made(lines: int) -> Any:
    """The resource that imports accounts, with filled tables."""
    from django.db import connection, models
    from import_export import fields, resources, widgets

    class Person(models.Model):
        email = models.CharField(max_length=320, primary_key=True)

        class Meta:
            app_label = "import_export"

    class Account(models.Model):
        code = models.CharField(max_length=100, primary_key=True)
        manager = models.ForeignKey(Person, models.PROTECT, null=True)

        class Meta:
            app_label = "import_export"

    class AccountResource(resources.ModelResource):
        code = fields.Field(attribute="code", column_name="account ID")
        manager = fields.Field(
            attribute="manager",
            column_name="account Manager",
            widget=widgets.ForeignKeyWidget(Person, "email"),
        )

        class Meta:
            model = Account
            import_id_fields = ("code",)
            fields = ("code", "manager")
            skip_unchanged = True
            use_bulk = True
            batch_size = 1000

    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Account)
    Person.objects.bulk_create([Person(email=_address(number)) for number in range(USERS)])
    Account.objects.bulk_create([Account(code=f"C{number:08d}") for number in range(lines)])
    return AccountResource


def _address(number: int) -> str:
    return f"user{number % USERS}@lumina.example"


def _dataset(lines: int, turn: int) -> Any:
    from tablib import Dataset

    rows = [(f"C{number:08d}", _address(number + turn)) for number in range(lines)]
    return Dataset(*rows, headers=("account ID", "account Manager"))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
