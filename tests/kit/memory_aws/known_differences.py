"""Where an emulator does not do what AWS documents, and the memory AWS does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.kit.memory_aws.comparison import Outcome

# (operation, parameters, memory's outcome, emulator's outcome)
Explains = Callable[[str, dict[str, Any], "Outcome", "Outcome"], bool]

_GUIDE: Final = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
_API: Final = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """One difference: the AWS page that decides, and why the emulator is wrong."""

    name: str
    page: str
    reason: str
    explains: Explains


def _refused(*messages: str) -> Explains:
    """Memory refuses the request for one of these reasons; the emulator does not, or later."""

    def explains(_operation: str, _params: dict[str, Any], mine: Outcome, _other: Outcome) -> bool:
        return mine.code == "ValidationException" and any(m in mine.message for m in messages)

    return explains


def _compares_two_attributes(
    _operation: str, params: dict[str, Any], _mine: Outcome, _other: Outcome
) -> bool:
    return " = #v" in repr(params)


def _returns_what_changed(
    operation: str, params: dict[str, Any], mine: Outcome, other: Outcome
) -> bool:
    updated = str(params.get("ReturnValues")).startswith("UPDATED")
    return operation == "UpdateItem" and updated and mine.code is other.code is None


def _cancels(_operation: str, _params: dict[str, Any], mine: Outcome, other: Outcome) -> bool:
    reasons = repr(mine.answer)
    return (
        mine.code == "TransactionCanceledException"
        and other.code == "ValidationException"
        and "ValidationError" in reasons
    )


def _filters_an_index(
    operation: str, params: dict[str, Any], _mine: Outcome, _other: Outcome
) -> bool:
    return (
        operation == "Query" and params.get("IndexName") == "keys" and "FilterExpression" in params
    )


def _bad_paths(_operation: str, _params: dict[str, Any], mine: Outcome, other: Outcome) -> bool:
    single = mine.code == "ValidationException" and "document path" in mine.message
    other_says = "ValidationError" in repr(other.answer) or other.code == "ValidationException"
    return not other_says and (single or "ValidationError" in repr(mine.answer))


def _blames(message: str) -> Explains:
    """The emulator refuses, in these words."""

    def explains(_operation: str, _params: dict[str, Any], _mine: Outcome, other: Outcome) -> bool:
        return other.code == "ValidationException" and message in other.message

    return explains


def _falls_over(_operation: str, _params: dict[str, Any], _mine: Outcome, other: Outcome) -> bool:
    reasons = repr(other.answer)
    return other.code == "Crash" or any(
        f"'Code': '{name}'" in reasons
        for name in ("TypeError", "ValueError", "KeyError", "AttributeError", "InvalidOperation")
    )


def _last_page(_operation: str, _params: dict[str, Any], mine: Outcome, other: Outcome) -> bool:
    return (
        mine.code is other.code is None
        and "LastEvaluatedKey" in mine.answer
        and "LastEvaluatedKey" not in other.answer
    )


def _old_item_of_nothing(
    _operation: str, params: dict[str, Any], mine: Outcome, other: Outcome
) -> bool:
    return mine.code == other.code == "TransactionCanceledException" and "ALL_OLD" in repr(params)


BOTH: Final[tuple[KnownDifference, ...]] = (
    KnownDifference(
        "operand types",
        _GUIDE + "Expressions.OperatorsAndFunctions.html",
        "The types of the values an expression names are checked before the item is read.",
        _refused(
            "Incorrect operand type",
            "BETWEEN operator requires",
            "Invalid attribute type name",
        ),
    ),
    KnownDifference(
        "sections of an update",
        _GUIDE + "Expressions.UpdateExpressions.html",
        "Each action keyword can appear only once.",
        _refused("section can only be used once"),
    ),
    KnownDifference(
        "overlapping paths",
        _GUIDE + "Expressions.UpdateExpressions.html",
        "Two actions or projections may not touch the same part of an item.",
        _refused("Two document paths"),
    ),
    KnownDifference(
        "reserved words",
        _GUIDE + "ReservedWords.html",
        "A reserved word is refused wherever an expression has it, before the item is read.",
        _refused("reserved keyword"),
    ),
    KnownDifference(
        "filters on keys",
        _GUIDE + "Query.FilterExpression.html",
        "A filter expression cannot contain partition key or sort key attributes.",
        _refused("Filter Expression can only contain non-primary key attributes"),
    ),
    KnownDifference(
        "operators of key conditions",
        _GUIDE + "Query.KeyConditionExpressions.html",
        "A sort key is compared by =, <, <=, >, >=, BETWEEN or begins_with, never by <>.",
        _refused("Invalid operator used in KeyConditionExpression"),
    ),
    KnownDifference(
        "two absent attributes",
        _GUIDE + "Expressions.OperatorsAndFunctions.html",
        "Whether two absent attributes are equal is not documented; Handover never asks.",
        _compares_two_attributes,
    ),
)

# Operations that moto cannot be asked in a whole run. It writes nothing for a conditional UPDATE
# in a batch, and says that it did: each statement is to be carried out, and answered, by itself.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
# And it leaves out the first key after a KeyMarker that names no key.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
# Events need more packages than the project has; ministack is held against them.
MOTO_CANNOT: Final = frozenset({"BatchExecuteStatement", "ListObjectVersions", "PutEvents"})

PARTIQL: Final[tuple[KnownDifference, ...]] = ()

MOTO: Final[tuple[KnownDifference, ...]] = (
    *BOTH,
    KnownDifference(
        "requests checked as a whole",
        _API + "CommonErrors.html",
        "A malformed request is a ValidationException whatever the item is; moto looks at the "
        "item first, reads on, or falls over.",
        _refused(
            "Syntax error",
            "is not defined",
            "unused in expressions",
            "redundant parentheses",
            "distinct from the remaining",
            "may not be empty",
            "contains duplicates",
            "converted to a numeric value",
            "magnitude",
            "part of the key",
            "does not match the schema",
            "cannot contain an empty string",
        ),
    ),
    KnownDifference(
        "crashes",
        _GUIDE + "Expressions.OperatorsAndFunctions.html",
        "moto raises a Python error for NOT NOT, and for comparing a number with another type.",
        _falls_over,
    ),
    KnownDifference(
        "keys to start after",
        _API + "API_Query.html#DDB-Query-request-ExclusiveStartKey",
        "A page starts within what its query asks for.",
        _refused("outside query boundaries"),
    ),
    KnownDifference(
        "what UPDATED_OLD and UPDATED_NEW return",
        _API + "API_UpdateItem.html#DDB-UpdateItem-request-ReturnValues",
        "Only the updated attributes are returned; moto adds keys and whole maps.",
        _returns_what_changed,
    ),
    KnownDifference(
        "updates that fail in a transaction",
        _API + "API_TransactWriteItems.html",
        "An update expression that does not fit its item is a cancellation reason.",
        _cancels,
    ),
    KnownDifference(
        "the last page of a query",
        _GUIDE + "Query.Pagination.html",
        "A page that ends at its Limit has a LastEvaluatedKey, even if nothing follows.",
        _last_page,
    ),
    KnownDifference(
        "old items in cancellation reasons",
        _API + "API_TransactWriteItems.html",
        "ALL_OLD gives the item a failed condition met; moto makes one up where there was none.",
        _old_item_of_nothing,
    ),
)
MINISTACK: Final[tuple[KnownDifference, ...]] = (
    *BOTH,
    KnownDifference(
        "requests checked as a whole",
        _API + "CommonErrors.html",
        "A malformed request is a ValidationException whatever the item is.",
        _refused("Syntax error", "part of the key", "redundant parentheses"),
    ),
    KnownDifference(
        "begins_with on other types",
        _GUIDE
        + "Expressions.OperatorsAndFunctions.html#Expressions.OperatorsAndFunctions.Functions",
        "begins_with is false for an attribute that is no string; ministack refuses the request.",
        _blames("operator or function: begins_with"),
    ),
    KnownDifference(
        "list elements returned by an update",
        _API + "API_UpdateItem.html#DDB-UpdateItem-request-ReturnValues",
        "Only the updated elements are returned; ministack returns the whole list.",
        _returns_what_changed,
    ),
    KnownDifference(
        "filters on attributes an index lacks",
        _GUIDE + "GSI.html#GSI.Projections",
        "A query of an index sees the projected attributes only; ministack filters whole items.",
        _filters_an_index,
    ),
    KnownDifference(
        "arithmetic on other types",
        _GUIDE + "Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.SET",
        "+ and - take numbers only; ministack keeps the left operand.",
        _refused("incorrect data type"),
    ),
    KnownDifference(
        "removing from what is not there",
        _GUIDE + "Expressions.Attributes.html#Expressions.Attributes.NestedElements",
        "A document path must lead through maps and lists that exist; ministack ignores others.",
        _bad_paths,
    ),
)
