"""What a schema cannot say, said to schemathesis.

OpenAPI describes each parameter by itself. That the ends of a period come in order, that thresholds
ascend and that a box has its south below its north it cannot say: requests that are meant to be valid
are put in order here before they are sent. Nothing is left out, and no check is switched off.
"""
import re

import requests
import schemathesis
from schemathesis import GenerationMode

MOST = 10_000
"""A larger `limit` is cut to this and not refused: OGC API Features asks for that (requirement 22 C)."""

HEARD_S = 0.3
"""Seconds that a stream of events is listened to: it never ends."""

PERIODS = ("datetime", "compare_datetime", "period", "week")
ASCENDING = ("levels", "distances_m", "days")

BUDGETS = ("2blocks", "40households", "0.3km", "0.2mi", "900ft", "300m", "0.01km2", "0.004mi2")
"""A plan over half the city takes seconds; thousands of them show nothing that these do not."""

FILTERS = (
    "id IS NOT NULL", "id LIKE '%1%' OR NOT id LIKE 'a_'", "id IN ('a', 'b')", "CASEI(id) = CASEI('SEGMENT-1')",
    "S_INTERSECTS(geometry, BBOX(-73,41,-72,42))", "S_INTERSECTS(geometry, POINT(-72.93 41.31)) OR id > 'm'",
)
"""CQL2 is a language of its own: texts of it instead of any text."""


def _time(end: str):
    """What an end of a period is sorted by; a length comes last."""
    parts = re.fullmatch(r"([0-9].{9})(?:[Tt](..:..)(?::(..))?(?:\.([0-9]+))?Z)?", end)
    if parts is None:
        return ("P",)
    return (parts[1], parts[2] or "", parts[3] or "00", (parts[4] or "").ljust(9, "0"))


def _in_order(text: str) -> str:
    ends = text.split("/")
    if "T" in text.upper() or "P" in text:
        # Of a year after which others come, since a length may not lead out of the calendar, and of one zone.
        ends = [re.sub(r"^9", "1", end) for end in ends]
        ends = [re.sub(r"^([^P]{10}[Tt].*?)([Zz]|[+-]..:..)$", r"\1Z", end) for end in ends]
    if len(ends) == 2 and all(end and end != ".." for end in ends):
        ends.sort(key=_time)
    return "/".join(ends)


def _numbers(value):
    parts = value if isinstance(value, list) else str(value).split(",")
    try:
        return [float(part) for part in parts]
    except (TypeError, ValueError):
        return None


def _box(numbers: list[float]) -> str:
    """A box with these numbers' spread, within the world and the right way up."""
    half = len(numbers) // 2
    fold = [(abs(number) % 180) * (1 if number >= 0 else -1) for number in numbers]
    for low, high in [(1, half + 1)]:
        south, north = sorted((fold[low] / 2, fold[high] / 2))
        fold[low], fold[high] = south, north
    return ",".join(f"{number:.6f}" for number in fold)


def _is_valid(case) -> bool:
    return case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE


def _plain(value):
    """An input without what qualifies it."""
    return value["value"] if isinstance(value, dict) and set(value) == {"value"} else value


def _put_in_order(named: dict, written) -> None:
    """Puts values in the order that no schema asks for; `written` makes of numbers what stands in a request."""
    for name in PERIODS:
        if isinstance(_plain(named.get(name)), str):
            named[name] = _in_order(_plain(named[name]))
    for name in ASCENDING:
        numbers = _numbers(_plain(named[name])) if name in named else None
        if numbers:
            named[name] = written(sorted(set(numbers)))
    if isinstance(_plain(named.get("budget")), str):
        named["budget"] = BUDGETS[sum(_plain(named["budget"]).encode()) % len(BUDGETS)]


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path == "/events":
        kwargs["timeout"] = HEARD_S
    if _is_valid(case):
        inputs = case.body.get("inputs") if isinstance(case.body, dict) else None
        if isinstance(inputs, dict):
            _put_in_order(inputs, list)
        if case.query:
            _put_query_in_order(case.query)
    elif case.query and case.operation.path.startswith("/collections/"):
        # The one value that the schema forbids and the standard wants taken: another that is refused stands for it.
        try:
            if int(str(case.query.get("limit"))) > MOST:
                case.query["limit"] = "0"
        except ValueError:
            pass


def _put_query_in_order(query: dict) -> None:
    _put_in_order(query, lambda numbers: ",".join(map(repr, numbers)))
    if isinstance(query.get("filter"), str):
        query["filter"] = FILTERS[sum(query["filter"].encode()) % len(FILTERS)]
    if "bbox-crs" in query:
        # The numbers of the box below are degrees, as those of this are.
        query["bbox-crs"] = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    numbers = _numbers(query["bbox"]) if "bbox" in query else None
    if numbers and len(numbers) in (4, 6):
        query["bbox"] = _box(numbers)


@schemathesis.hook
def after_call(context, case, response):
    """Dismisses a job that was begun, so that those of others find room: sixteen may wait."""
    location = response.headers.get("location") if response.status_code == 201 else None
    if location:
        requests.delete(location[0], timeout=60)
