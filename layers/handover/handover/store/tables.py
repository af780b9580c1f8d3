"""The tables of the stack: their names come from the environment, their shape from the code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from handover.store.connection import name_tables

if TYPE_CHECKING:
    from handover.store.accounts import Accounts
    from handover.store.allowances import Allowances
    from handover.store.audit import Audit
    from handover.store.chunks import Chunks
    from handover.store.directory import Directory
    from handover.store.directory_records import AccountRecords
    from handover.store.domains import Domains
    from handover.store.history import History
    from handover.store.imports import Imports
    from handover.store.jobs import Jobs
    from handover.store.mappings import Mappings
    from handover.store.portfolios import Portfolios
    from handover.store.requests import Requests
    from handover.store.settings import Setup
    from handover.store.tickets import Tickets
    from handover.store.user_records import UserRecords
    from handover.store.users import People
    from handover.store.watermarks import Watermarks


class TableNames(Struct, frozen=True):
    """The names of the tables; "" for one that the caller does not use."""

    accounts: str = ""
    directory: str = ""
    imports: str = ""
    history: str = ""
    portfolios: str = ""
    requests: str = ""
    audit: str = ""
    # How long entries of the audit trail are kept; 0 = for ever.
    audit_days: int = 0
    # True when large collections are spread over several keys.
    spreads: bool = False


class Tables(Struct, frozen=True, dict=True):
    """The tables, ready to use.

    Each is imported when it is first asked for: no function uses all of them, and every imported
    model makes a cold start longer.
    """

    names: TableNames

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts with their assignments."""
        from handover.store.accounts import Accounts

        return Accounts(self.names.accounts)

    @cached_property
    def directory(self) -> Directory:
        """The directory, for lookups by lines and by people."""
        from handover.store.directory import Directory

        return Directory(self.names.directory)

    @cached_property
    def imports(self) -> Imports:
        """The imports."""
        from handover.store.imports import Imports

        return Imports(self.names.imports)

    @cached_property
    def history(self) -> History:
        """The changes of accounts."""
        from handover.store.history import History

        return History(self.names.history)

    @cached_property
    def portfolios(self) -> Portfolios:
        """Who holds which accounts."""
        from handover.store.portfolios import Portfolios

        return Portfolios(self.names.portfolios, spreads=self.names.spreads)

    @cached_property
    def requests(self) -> Requests:
        """The requests of customers' contacts about accounts."""
        from handover.store.requests import Requests

        return Requests(self.names.requests)

    @cached_property
    def account_records(self) -> AccountRecords:
        """What directory files say of accounts."""
        from handover.store.directory_records import AccountRecords

        return AccountRecords(self.names.accounts)

    @cached_property
    def user_records(self) -> UserRecords:
        """What directory files say of users."""
        from handover.store.user_records import UserRecords

        return UserRecords(self.names.directory)

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs that wait to be run."""
        from handover.store.jobs import Jobs

        return Jobs(self.names.directory)

    @cached_property
    def setup(self) -> Setup:
        """What Admins set up."""
        from handover.store.settings import Setup

        return Setup(self.names.directory)

    @cached_property
    def people(self) -> People:
        """The users, one at a time."""
        from handover.store.users import People

        return People(self.names.directory)

    @cached_property
    def domains(self) -> Domains:
        """The domains of a tenant's addresses."""
        from handover.store.domains import Domains

        return Domains(self.names.directory)

    @cached_property
    def allowances(self) -> Allowances:
        """How many requests a tenant has made."""
        from handover.store.allowances import Allowances

        return Allowances(self.names.imports)

    @cached_property
    def mappings(self) -> Mappings:
        """The remembered mappings of columns."""
        from handover.store.mappings import Mappings

        return Mappings(self.names.imports)

    @cached_property
    def chunks(self) -> Chunks:
        """The chunks of imports."""
        from handover.store.chunks import Chunks

        return Chunks(self.names.imports)

    @cached_property
    def tickets(self) -> Tickets:
        """The tickets: which files may be uploaded."""
        from handover.store.tickets import Tickets

        return Tickets(self.names.imports)

    @cached_property
    def watermarks(self) -> Watermarks:
        """How far sweeps, sources and queues have come."""
        from handover.store.watermarks import Watermarks

        return Watermarks(self.names.imports)

    @cached_property
    def audit(self) -> Audit:
        """The audit trail."""
        from handover.store.audit import Audit

        return Audit(self.names.audit, self.names.audit_days)


def connect(names: TableNames) -> Tables:
    """The tables with these names. A process uses one stack: all models use the latest names."""
    name_tables(
        {
            "directory": names.directory,
            "imports": names.imports,
            "history": names.history,
            "portfolios": names.portfolios,
            "requests": names.requests,
            "audit": names.audit,
        }
    )
    return Tables(names)


def prepare(tables: Sequence[str]) -> None:
    """Imports these tables now, by their names in `Tables`."""
    unnamed = Tables(TableNames())
    for name in tables:
        getattr(unnamed, name)
