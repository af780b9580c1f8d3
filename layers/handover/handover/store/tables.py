"""The tables of the stack: their names come from the environment, their shape from the code."""

from __future__ import annotations

from dataclasses import dataclass

from handover.store.accounts import Accounts
from handover.store.allowances import Allowances
from handover.store.audit import Audit, AuditItem
from handover.store.chunks import ChunkItem, Chunks
from handover.store.directory import Directory, DirectoryItem, UserItem
from handover.store.directory_records import AccountRecords
from handover.store.domains import Domains
from handover.store.history import History, HistoryItem, HoldingItem, Portfolios
from handover.store.import_items import ImportItem, PlanItem
from handover.store.imports import Imports
from handover.store.jobs import Jobs
from handover.store.mappings import Mappings
from handover.store.requests import RequestItem, Requests
from handover.store.settings import Setup
from handover.store.tickets import TicketItem, Tickets
from handover.store.user_records import UserRecords
from handover.store.users import People
from handover.store.watermarks import WatermarkItem, Watermarks


@dataclass(frozen=True, slots=True)
class TableNames:
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


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables, ready to use."""

    accounts: Accounts
    directory: Directory
    imports: Imports
    history: History
    portfolios: Portfolios
    requests: Requests
    account_records: AccountRecords
    user_records: UserRecords
    jobs: Jobs
    setup: Setup
    people: People
    domains: Domains
    allowances: Allowances
    mappings: Mappings
    chunks: Chunks
    tickets: Tickets
    watermarks: Watermarks
    audit: Audit


def connect(names: TableNames) -> Tables:
    """The tables of these names. A process uses one stack: the last call counts for all models."""
    for of_directory in (DirectoryItem, UserItem):
        of_directory.Meta.table_name = names.directory
    for of_imports in (ImportItem, PlanItem, ChunkItem, TicketItem, WatermarkItem):
        of_imports.Meta.table_name = names.imports
    HistoryItem.Meta.table_name = names.history
    HoldingItem.Meta.table_name = names.portfolios
    RequestItem.Meta.table_name = names.requests
    AuditItem.Meta.table_name = names.audit
    return Tables(
        Accounts(names.accounts),
        Directory(names.directory),
        Imports(names.imports),
        History(names.history),
        Portfolios(names.portfolios, spreads=names.spreads),
        Requests(names.requests),
        AccountRecords(names.accounts),
        UserRecords(names.directory),
        Jobs(names.directory),
        Setup(names.directory),
        People(names.directory),
        Domains(names.directory),
        Allowances(names.imports),
        Mappings(names.imports),
        Chunks(names.imports),
        Tickets(names.imports),
        Watermarks(names.imports),
        Audit(names.audit, names.audit_days),
    )
