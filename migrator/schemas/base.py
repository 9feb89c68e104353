"""The parts of the models: JSON types, and the objects that are the same in all versions.

The models read what AIPerf's exporters write (the JSON Schemas of its own `JsonExportData`, 0.2.0 to
0.13.0.dev20261023) and what a migration makes of it. Three rules hold for all of them:

- Objects are open: a key that the model does not know is not an error.
- A known field has the type it has in AIPerf. It may be null or missing: exporters leave nulls out, and a migration
  does not invent values. Only the `unit` of a stats block and the label are required.
- Types are those of JSON: a string or `true` is not a number, 20.0 is a whole number.
"""

# Annotations are not postponed: pydantic 2.12 resolves that of `__pydantic_extra__` in the module of a subclass.

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, Strict
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from migrator.aiperf.metrics import is_block


def _number(value: Any) -> Any:
    """An integer beyond the range of a double counts as a number, too."""
    return math.inf if type(value) is int and abs(value) >= 2**1023 else value


def _whole(value: Any) -> Any:
    if type(value) is int or (type(value) is float and value.is_integer()):
        return int(value)
    raise PydanticCustomError("whole", "a whole number")


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("moment", "a date and time as ISO 8601 spells them") from None
    return value


Number = Annotated[float, Strict(), BeforeValidator(_number)]
"""Any number, NaN and Infinity included, which have a check rule of their own (M010)."""
Whole = Annotated[int, BeforeValidator(_whole)]
"""A number without a fraction, in any spelling: 20, 20.0, 2e1."""
Position = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
"""A whole number, 0 or more."""
Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
Moment = Annotated[Text, AfterValidator(_moment)]
"""A date and time. AIPerf writes local time without an offset, so JSON Schema's `date-time` does not fit."""


class Label:
    """Annotation of `schema_version`: the value is exactly one version."""

    def __init__(self, version: str) -> None:
        self.version = version

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema([self.version])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "const": self.version}


class Absent:
    """Annotation of a field that must not exist."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_refuse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"not": {}}


def _refuse(_: Any) -> Any:
    raise PydanticCustomError("absent", "no such key")


class WhereBlock:
    """Annotation of an open object's values: those that are objects with a `unit` must be such stats blocks."""

    def __init__(self, block: type[BaseModel]) -> None:
        self.block = block

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_only_blocks, handler.generate_schema(self.block))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"if": {"type": "object", "required": ["unit"]}, "then": handler(schema)}


def _only_blocks(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
    return validate(value) if is_block(value) else value


class Open(BaseModel):
    """An object that may hold more than is declared."""

    model_config = ConfigDict(extra="allow")


class StatsBlock(Open):
    """One metric: its unit, and a single value (`avg` alone) or a distribution."""

    unit: Text
    avg: Number | None = None
    p1: Number | None = None
    p5: Number | None = None
    p10: Number | None = None
    p25: Number | None = None
    p50: Number | None = None
    p75: Number | None = None
    p90: Number | None = None
    p95: Number | None = None
    p99: Number | None = None
    min: Number | None = None
    max: Number | None = None
    std: Number | None = None


class ErrorDetails(Open):
    """The error of a failed request."""

    code: Whole | None = None
    type: Text | None = None
    message: Text | None = None
    cause: Text | None = None
    cause_chain: list[Text] | None = None
    details: Any = None


class ErrorCount(Open):
    """One kind of error, and how many requests had it."""

    error_details: ErrorDetails | None = None
    count: Whole | None = None


class Gpu(Open):
    """One GPU: what it is, and what was measured on it."""

    gpu_index: Whole | None = None
    gpu_name: Text | None = None
    gpu_uuid: Text | None = None
    hostname: Text | None = None
    namespace: Text | None = None
    pod_name: Text | None = None
    metrics: Mapping[str, StatsBlock | None] | None = None


class Endpoint(Open):
    """The GPUs that one telemetry endpoint reports."""

    gpus: Mapping[str, Gpu] | None = None


class Summary(Open):
    """When telemetry was collected, and from where."""

    endpoints_successful: list[Text] | None = None
    start_time: Moment | None = None
    end_time: Moment | None = None


class Telemetry(Open):
    """GPU telemetry over the run."""

    summary: Summary | None = None
    endpoints: Mapping[str, Endpoint] | None = None
    error_summary: list[ErrorCount] | None = None


class Document(Open):
    """The fields of every main export. Any other key whose object has a `unit` is a metric, whatever its tag."""

    __pydantic_extra__: dict[str, Annotated[Any, WhereBlock(StatsBlock)]]

    schema_version: Annotated[Any, Absent()] = None
    input_config: dict[str, Any] | None = None
    telemetry_data: Telemetry | None = None
    was_cancelled: Flag | None = None
    error_summary: list[ErrorCount] | None = None
    start_time: Moment | None = None
    end_time: Moment | None = None
